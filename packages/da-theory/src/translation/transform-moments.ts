import type { Distribution } from "../distribution/distribution.js";
import type { HostMoments } from "../moments/host-moments.js";
import { cellNodeCount } from "../rules/gauss.js";
import { MAX_BYTES, MAX_NODES, type RuleOptions } from "../rules/rule.js";
import { kinksOf } from "../transforms/geometry.js";
import type { Boundary, ImageShape } from "../transforms/transform.js";
import { shiftAxis } from "./shift-axis.js";
import { shiftCovariance, shiftMean } from "./shift-covariance.js";

/** The closed form of translations, where a factor of exact nodes would not fit. */
export async function translationMoments(
  image: Float64Array,
  shape: ImageShape,
  laws: { x: Distribution; y: Distribution; boundary: Boundary },
  { maxNodes = MAX_NODES, maxBytes = MAX_BYTES }: RuleOptions,
): Promise<HostMoments | undefined> {
  const count =
    cellNodeCount(laws.x, kinksOf("translateX", laws.x, shape), 1, 2) *
    cellNodeCount(laws.y, kinksOf("translateY", laws.y, shape), 1, 2);
  if (count <= maxNodes && 4 * count * image.length <= maxBytes) return undefined;
  const y = shiftAxis(laws.y, shape[0], laws.boundary);
  const x = shiftAxis(laws.x, shape[1], laws.boundary);
  const mean = shiftMean(image, shape[2], y, x);
  return {
    shape,
    mean,
    terms: [shiftCovariance(image, shape[2], y, x, mean, laws.boundary)],
    error: { method: "exact", nodes: 0, meanEstimate: 0, traceEstimate: 0 },
  };
}

/** The exact mean of translations, by two convolutions. */
export function translationMean(
  image: Float64Array,
  shape: ImageShape,
  laws: { x: Distribution; y: Distribution; boundary: Boundary },
): Float64Array {
  const y = shiftAxis(laws.y, shape[0], laws.boundary);
  const x = shiftAxis(laws.x, shape[1], laws.boundary);
  return shiftMean(image, shape[2], y, x);
}
