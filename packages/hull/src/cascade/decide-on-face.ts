import type { FaceOutcome } from "../faces/reduce-faces.js";
import { MemoryRows } from "../pricing/row-access.js";
import type { Pauses } from "../run/pauses.js";
import { powerOfTwo } from "../solver/search.js";
import type { HullContext } from "./context.js";
import { type DecideOptions, decide } from "./decide.js";
import type { Finding } from "./finding.js";
import { proveOutside } from "./prove-outside.js";
import { equalRow } from "./ranges.js";
import { nearestRows } from "./working-sets.js";

/** Decides a query on the coordinate face it lies on; outside verdicts are lifted and proven against all rows. */
export async function decideOnFace(
  context: HullContext,
  face: FaceOutcome,
  q: Float64Array,
  data: Float64Array | Float32Array | Uint8Array,
  options: DecideOptions,
  pauses: Pauses,
): Promise<Finding> {
  if (face.kind === "inside") return { ...equalRow(face.row), stage: 0 };
  const all = new MemoryRows(data, context.rows.n, context.rows.d);
  const lifted = async (normal: Float64Array, inFace: ArrayLike<number>, stage: number, passes: number) => {
    const outside = await proveOutside(all, q, normal, options.certify, stage, passes);
    const upper = context.upperBound(q);
    return outside === null
      ? undecided(q, upper, inFace)
      : { ...outside, upper: Math.max(upper, outside.lower) };
  };
  if (face.kind === "outside") return await lifted(face.normal, face.normal, 0, 1);
  const k = face.rows.length;
  const dim = face.columns.length;
  const local = new MemoryRows(face.data, k, dim);
  const columnScale = rangeScale(face.data, k, dim);
  const initial = nearestRows(face.data, k, dim, face.query, columnScale, 4 * dim + 50);
  const finding = await decide(local, face.query, initial, columnScale, options, pauses);
  const { certificate } = finding;
  if (certificate.kind === "outside") {
    const { normal } = certificate;
    return await lifted(face.lift(normal), normal, finding.stage, finding.passes);
  }
  const index = certificate.index.map((s) => face.rows[s]!);
  if (certificate.kind === "inside") return { ...finding, certificate: { ...certificate, index } };
  return { ...finding, certificate: { ...certificate, index, normal: face.lift(certificate.normal) } };
}

/** Powers of two that bring the columns of a face to a common size. */
function rangeScale(data: Float64Array, k: number, dim: number): Float64Array {
  const scale = new Float64Array(dim);
  for (let j = 0; j < dim; j++) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let s = 0; s < k; s++) {
      low = Math.min(low, data[s * dim + j]!);
      high = Math.max(high, data[s * dim + j]!);
    }
    scale[j] = 1 / powerOfTwo((high - low) / 4);
  }
  return scale;
}

function undecided(q: Float64Array, upper: number, direction: ArrayLike<number>): Finding {
  const normal = new Float64Array(q.length);
  normal.set(Array.from(direction).slice(0, q.length));
  return {
    certificate: {
      kind: "boundary",
      lower: 0,
      upper,
      index: new Int32Array(0),
      weight: new Float64Array(0),
      normal,
    },
    lower: 0,
    upper,
    stage: 3,
    passes: 1,
  };
}
