import { scoreBlock } from "../pricing/score-block.js";
import type { PassKind } from "./pass-kind.js";

/** Directions to score in double precision. */
export interface MaximaInput {
  /** Subtracted from every row. */
  center: Float64Array;
  /** Directions, count × d. */
  directions: Float64Array;
  /** Number of directions. */
  count: number;
  /** Whether WebAssembly's vector instructions are used. */
  withSimd: boolean;
}

/** Largest scores and where they are. */
export interface MaximaState {
  /** max_i w·(x_i − c) for each direction. */
  value: Float64Array;
  /** First row that attains it. */
  index: Int32Array;
}

/** Largest score of every direction. */
export const maxima: PassKind<MaximaInput, MaximaState> = {
  flopsPerRow: ({ count }, d) => 2 * count * d,
  start: ({ count }) => ({
    value: new Float64Array(count).fill(Number.NEGATIVE_INFINITY),
    index: new Int32Array(count).fill(-1),
  }),
  add({ value, index }, block, { center, directions, count, withSimd }) {
    scoreBlock(block, center, directions, count, withSimd, (first, numRows, scores, stride) => {
      for (let r = 0; r < numRows; r++) {
        for (let k = 0, at = r * stride; k < count; k++, at++) {
          if (scores[at]! <= value[k]!) continue;
          value[k] = scores[at]!;
          index[k] = first + r;
        }
      }
    });
  },
  merge({ value, index }, later) {
    for (let k = 0; k < value.length; k++) {
      const isEarlier = later.value[k] === value[k] && later.index[k]! < index[k]!;
      if (!(later.value[k]! > value[k]! || isEarlier)) continue;
      value[k] = later.value[k]!;
      index[k] = later.index[k]!;
    }
  },
};
