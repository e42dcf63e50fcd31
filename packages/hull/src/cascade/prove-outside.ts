import { gamma } from "../certify/rounding.js";
import type { RowAccess } from "../pricing/row-access.js";
import { norm, type Priced, powerOfTwo } from "../solver/search.js";
import type { Finding } from "./finding.js";

/** Smallest and largest value of each column over all rows. */
export interface ColumnRanges {
  min: Float64Array;
  max: Float64Array;
}

/**
 * Outside certificate from scores that are known already: no row's score is off by more than γ Σ |w_j| R_j, with R_j the
 * largest |x_j − q_j| in the range of column j. `null` when that is not enough; then the rows tell one by one.
 */
export async function proveByRanges(
  access: RowAccess,
  query: Float64Array,
  direction: Float64Array,
  { largest, argmax }: Priced,
  { min, max }: ColumnRanges,
  passes: number,
): Promise<Finding | null> {
  const { d } = access;
  const length = norm(direction);
  let reach = 0;
  for (let j = 0; j < d; j++) {
    reach += Math.abs(direction[j]!) * Math.max(Math.abs(max[j]! - query[j]!), Math.abs(min[j]! - query[j]!));
  }
  const bound = gamma(d + 4) * reach * (1 + 1e-9) + 1e-300;
  if (!(largest < -bound && length > 1e-140 && length < 1e140)) return null;
  const size = powerOfTwo(length);
  const normal = direction.map((v) => v / size);
  const row = await access.read(Int32Array.of(argmax));
  let offset = 0;
  for (let j = 0; j < d; j++) offset += normal[j]! * row[j]!;
  const margin = -largest / length;
  const certificate = {
    kind: "outside",
    normal,
    offset,
    margin,
    proof: "proven",
    bound: bound / size,
  } as const;
  return { certificate, lower: margin, upper: Number.POSITIVE_INFINITY, stage: 3, passes };
}

/** Outside certificate for a direction, or `null` when a row is not below the query. */
export async function proveOutside(
  access: RowAccess,
  query: Float64Array,
  direction: Float64Array,
  certify: "proven" | "float64" | "screen",
  stage: number,
  passes: number,
): Promise<Finding | null> {
  const { d } = access;
  const size = powerOfTwo(norm(direction));
  const normal = direction.map((v) => v / size);
  const scan = await access.scan(normal, query, certify === "proven");
  if (!scan.isProven && (certify === "proven" || scan.largest >= 0)) return null;
  const row = await access.read(Int32Array.of(scan.argmax));
  let offset = 0;
  for (let j = 0; j < d; j++) offset += normal[j]! * row[j]!;
  const margin = -scan.largest / norm(normal);
  return {
    certificate: {
      kind: "outside",
      normal,
      offset,
      margin: Math.max(margin, 0),
      proof: scan.isProven ? (scan.isExact ? "exact" : "proven") : "numerical",
      bound: scan.bound,
    },
    lower: Math.max(margin, 0),
    upper: Number.POSITIVE_INFINITY,
    stage,
    passes,
  };
}
