import type { Rows } from "../points/points.js";
import type { CheckedHullOptions, HullOptions } from "./options.js";
import type { Prepared } from "./prepare.js";

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
  const { signal: _, onProgress: __, ...kept } = options;
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
