import { checkRows } from "../points/points.js";
import type { PassKind } from "./pass-kind.js";

/** Whom errors name. */
export interface ExtremesInput {
  /** The public function. */
  caller: string;
}

/** Ranges and means of the columns. */
export interface ExtremesState {
  /** Rows so far. */
  count: number;
  /** Smallest value of each column. */
  min: Float64Array;
  /** Largest value of each column. */
  max: Float64Array;
  /** Mean of each column. */
  mean: Float64Array;
  /** Whether every value is a whole number. */
  isInteger: boolean;
}

/** Ranges and means; refuses NaN and infinities. */
export const extremes: PassKind<ExtremesInput, ExtremesState> = {
  flopsPerRow: (_, d) => 8 * d,
  start: (_, d) => ({
    count: 0,
    min: new Float64Array(d).fill(Number.POSITIVE_INFINITY),
    max: new Float64Array(d).fill(Number.NEGATIVE_INFINITY),
    mean: new Float64Array(d),
    isInteger: true,
  }),
  add(state, { values, first, count, d }, { caller }) {
    checkRows(caller, "points", values, d, first);
    const { min, max, mean } = state;
    for (let i = 0, at = 0; i < count; i++) {
      state.count++;
      for (let j = 0; j < d; j++, at++) {
        const value = values[at]!;
        if (value < min[j]!) min[j] = value;
        if (value > max[j]!) max[j] = value;
        mean[j] = mean[j]! + (value - mean[j]!) / state.count;
        if (state.isInteger && !Number.isSafeInteger(value)) state.isInteger = false;
      }
    }
  },
  merge(state, later) {
    state.count += later.count;
    state.isInteger &&= later.isInteger;
    for (let j = 0; j < state.mean.length; j++) {
      state.min[j] = Math.min(state.min[j]!, later.min[j]!);
      state.max[j] = Math.max(state.max[j]!, later.max[j]!);
      state.mean[j] = state.mean[j]! + (later.mean[j]! - state.mean[j]!) * (later.count / state.count);
    }
  },
};
