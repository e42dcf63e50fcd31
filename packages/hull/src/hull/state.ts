import type { Prepared } from "../cascade/prepare.js";
import { type Rows, readChunk } from "../points/points.js";
import type { CheckedHullOptions, HullOptions } from "./options.js";

/** A hull at rest, without its points: plain JSON. */
export interface HullState {
  /** Version of this format. */
  format: 1;
  /** Number of points. */
  count: number;
  /** Number of columns. */
  dim: number;
  /** Options of `ConvexHull.from`. */
  options: Pick<
    HullOptions,
    "whiten" | "ridge" | "duplicates" | "faces" | "seed" | "engine" | "memoryBudget" | "dtype"
  >;
  /** Smallest value of each column. */
  min: number[];
  /** Largest value of each column. */
  max: number[];
  /** Mean of each column. */
  mean: number[];
  /** Centre of the scores. */
  center: number[];
  /** Covariance of the columns that are not constant, row by row. */
  covariance: number[];
  /** Largest distance from the centre. */
  scale: number;
  /** Dimension of the affine hull. */
  affineDim: number;
  /** Whether all values are whole numbers. */
  isInteger: boolean;
  /** Powers of two by which columns are scaled in the search. */
  columnScale: number[];
}

/** The state of a hull. */
export function stateOf(rows: Rows, prepared: Prepared, options: CheckedHullOptions): HullState {
  const { signal, onProgress, runner, checkpoint, ...kept } = options;
  return {
    format: 1,
    count: rows.n,
    dim: rows.d,
    options: kept,
    min: Array.from(prepared.min),
    max: Array.from(prepared.max),
    mean: Array.from(prepared.mean),
    center: Array.from(prepared.center),
    covariance: Array.from(prepared.covariance),
    scale: prepared.scale,
    affineDim: prepared.affineDim,
    isInteger: prepared.isInteger,
    columnScale: Array.from(prepared.columnScale),
  };
}

/** The statistics in a state. */
export function preparedFrom(state: HullState): Prepared {
  const min = Float64Array.from(state.min);
  const max = Float64Array.from(state.max);
  const columns = Array.from(min, (_, j) => j);
  return {
    min,
    max,
    mean: Float64Array.from(state.mean),
    center: Float64Array.from(state.center),
    covariance: Float64Array.from(state.covariance),
    scale: state.scale,
    affineDim: state.affineDim,
    isInteger: state.isInteger,
    columnScale: Float64Array.from(state.columnScale),
    active: Int32Array.from(columns.filter((j) => min[j] !== max[j])),
    constantColumns: Int32Array.from(columns.filter((j) => min[j] === max[j])),
  };
}

/** Whether the rows have the moments of the state: one pass, far cheaper than the covariance. */
export async function isSameContent(rows: Rows, state: HullState): Promise<boolean> {
  const sums = new Float64Array(rows.d);
  for (let start = 0; start < rows.n; start += 8192) {
    const values = await readChunk(rows, start, Math.min(8192, rows.n - start));
    for (let i = 0; i < values.length; i++) {
      const j = i % rows.d;
      if (values[i]! < state.min[j]! || values[i]! > state.max[j]!) return false;
      sums[j] = sums[j]! + (values[i]! - state.mean[j]!);
    }
  }
  const { scale } = state;
  return sums.every((sum) => Math.abs(sum) <= 1e-9 * rows.n * (scale || 1));
}
