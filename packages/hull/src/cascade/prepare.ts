import { choleskyHost, choleskySolveHost } from "@lab/core/linalg";
import { LocalPasses, type RowPasses } from "../passes/row-passes.js";
import { type Rows, readRows } from "../points/points.js";
import type { Pauses } from "../run/pauses.js";
import { powerOfTwo } from "../solver/search.js";

/** What is known of the points before the first query. */
export interface Prepared {
  min: Float64Array;
  max: Float64Array;
  /** Mean rounded to single precision, so that x − c is exact for values of like size. */
  center: Float64Array;
  mean: Float64Array;
  /** Columns that are not constant. */
  active: Int32Array;
  constantColumns: Int32Array;
  /** max_i ‖x_i − c‖, rounded up. */
  scale: number;
  /** Whether every value is a whole number. */
  isInteger: boolean;
  /** Covariance over the active columns, row-major. */
  covariance: Float64Array;
  affineDim: number;
  /** Powers of two near 1 / standard deviation, for every column. */
  columnScale: Float64Array;
}

/** Two passes: extremes and mean, then scale and covariance. */
export async function prepare(
  caller: string,
  rows: Rows,
  pauses: Pauses,
  passes: RowPasses = new LocalPasses(rows, pauses),
): Promise<Prepared> {
  const { n, d } = rows;
  const { min, max, mean, isInteger } = await passes.run("extremes", { caller });
  const active: number[] = [];
  const constant: number[] = [];
  for (let j = 0; j < d; j++) (min[j] === max[j] ? constant : active).push(j);
  const center = Float64Array.from(mean, (value, j) => {
    if (min[j] === max[j]) return min[j]!;
    const single = Math.fround(value);
    return Number.isFinite(single) && (single !== 0 || value === 0) ? single : value;
  });
  const { covariance, scale } = await secondMoments(rows, center, mean, Int32Array.from(active), passes);
  const a = active.length;
  const columnScale = new Float64Array(d).fill(1);
  for (let c = 0; c < a; c++) columnScale[active[c]!] = 1 / powerOfTwo(Math.sqrt(covariance[c * a + c]!));
  return {
    min,
    max,
    center,
    mean,
    active: Int32Array.from(active),
    constantColumns: Int32Array.from(constant),
    scale,
    isInteger,
    covariance,
    affineDim: Math.min(n - 1, rankOf(covariance, a)),
    columnScale,
  };
}

/** Covariance of the active columns and the largest distance from the centre. */
async function secondMoments(
  rows: Rows,
  center: Float64Array,
  mean: Float64Array,
  active: Int32Array,
  passes: RowPasses,
): Promise<{ covariance: Float64Array; scale: number }> {
  const { n, d } = rows;
  const a = active.length;
  const first = await readRows(rows, Int32Array.of(0));
  let largest = 0;
  for (let j = 0; j < d; j++) largest = Math.max(largest, Math.abs(first[j]! - center[j]!));
  const unit = powerOfTwo(largest);
  const { sums, squaredScale } = await passes.run("moments", { center, active, unit });
  for (let i = 0; i < a; i++) {
    const shiftI = (mean[active[i]!]! - center[active[i]!]!) / unit;
    for (let j = i; j < a; j++) {
      const shiftJ = (mean[active[j]!]! - center[active[j]!]!) / unit;
      const value = sums[i * a + j]! / n - shiftI * shiftJ;
      sums[i * a + j] = value * unit * unit;
      sums[j * a + i] = value * unit * unit;
    }
  }
  return { covariance: sums, scale: Math.sqrt(squaredScale) * unit * (1 + (d + 8) * 2 ** -52) };
}

/**
 * Rank of a covariance by Cholesky with diagonal pivoting on the correlations.
 *
 * Rounding leaves about d · 1e-16 on the diagonal of a dependent column; 1e-11 is well above it.
 */
function rankOf(covariance: Float64Array, a: number): number {
  const deviation = Float64Array.from({ length: a }, (_, i) => Math.sqrt(covariance[i * a + i]!));
  const diagonal = new Float64Array(a).fill(1);
  const rowsOfFactor: Float64Array[] = [];
  const used = new Uint8Array(a);
  for (let rank = 0; rank < a; rank++) {
    let pivot = -1;
    for (let i = 0; i < a; i++) {
      if (used[i] === 0 && (pivot < 0 || diagonal[i]! > diagonal[pivot]!)) pivot = i;
    }
    if (!(diagonal[pivot]! > 1e-11)) return rank;
    used[pivot] = 1;
    const row = new Float64Array(a);
    for (let i = 0; i < a; i++) {
      row[i] = covariance[pivot * a + i]! / (deviation[pivot]! * deviation[i]!);
    }
    for (const earlier of rowsOfFactor) {
      const factor = earlier[pivot]!;
      if (factor === 0) continue;
      for (let i = 0; i < a; i++) row[i] = row[i]! - factor * earlier[i]!;
    }
    const root = Math.sqrt(diagonal[pivot]!);
    for (let i = 0; i < a; i++) {
      const value = used[i] === 1 && i !== pivot ? 0 : row[i]! / root;
      row[i] = value;
      diagonal[i] = diagonal[i]! - value * value;
    }
    rowsOfFactor.push(row);
  }
  return a;
}

/** Inverse of the covariance with a ridge, over the active columns; `null` where only the variances are used. */
export function precisionOf(
  { covariance, active }: Prepared,
  ridge: number,
  whiten: boolean | "auto",
): Float64Array | null {
  const a = active.length;
  if (a === 0 || whiten === false || (whiten === "auto" && a > 2000)) return null;
  let trace = 0;
  for (let i = 0; i < a; i++) trace += covariance[i * a + i]! / a;
  const unit = trace > 0 ? trace : 1;
  const scaled = covariance.map((value) => value / unit);
  for (let i = 0; i < a; i++) scaled[i * a + i] = scaled[i * a + i]! + Math.max(ridge, 1e-14);
  let factor: Float64Array;
  try {
    factor = choleskyHost(scaled, a);
  } catch {
    return null; // variances that span more than double precision can hold
  }
  const identity = new Float64Array(a * a);
  for (let i = 0; i < a; i++) identity[i * a + i] = 1;
  return choleskySolveHost(factor, identity, a, a);
}
