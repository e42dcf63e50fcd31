import { scoreBlock } from "../pricing/score-block.js";
import { TopRows } from "../pricing/top-rows.js";
import type { PassKind } from "./pass-kind.js";

/** Queries that need a working set. */
export interface FirstRowsInput {
  /** Subtracted from every row. */
  center: Float64Array;
  /** First directions of the queries, then their differences over the variances: 2 · count × d. */
  directions: Float64Array;
  /** Number of queries. */
  count: number;
  /** 1 / variance of each column. */
  inverse: Float64Array;
  /** Rows to keep that are furthest along the direction, and that are nearest. */
  far: number;
  near: number;
  /** Whether WebAssembly's vector instructions are used. */
  withSimd: boolean;
}

/** Rows and scores of a query, best first. */
interface Ranked {
  rows: number[];
  scores: number[];
}

/** For each query the rows furthest along its direction, and those nearest by standard deviations. */
export interface FirstRowsState {
  far: Ranked[];
  near: Ranked[];
}

/** Working sets to start from. */
export const firstRows: PassKind<FirstRowsInput, FirstRowsState> = {
  flopsPerRow: ({ count }, d) => 4 * count * d,
  start: ({ count }) => ({
    far: Array.from({ length: count }, () => ({ rows: [], scores: [] })),
    near: Array.from({ length: count }, () => ({ rows: [], scores: [] })),
  }),
  add(state, block, input) {
    const { center, directions, count, inverse, withSimd } = input;
    const far = state.far.map((ranked) => ranking(ranked, input.far));
    const near = state.near.map((ranked) => ranking(ranked, input.near));
    const { values, d } = block;
    scoreBlock(block, center, directions, 2 * count, withSimd, (first, numRows, scores, stride) => {
      for (let r = 0; r < numRows; r++) {
        // ½ Σ (y/σ)²: with it the largest score is the nearest row.
        let half = 0;
        for (let j = 0, from = (first - block.first + r) * d; j < d; j++) {
          const y = values[from + j]! - center[j]!;
          half += y * y * inverse[j]!;
        }
        half /= 2;
        const at = r * stride;
        for (let k = 0; k < count; k++) {
          const along = scores[at + k]!;
          if (along >= far[k]!.threshold) far[k]!.offer(along, first + r);
          const closeness = scores[at + count + k]! - half;
          if (closeness >= near[k]!.threshold) near[k]!.offer(closeness, first + r);
        }
      }
    });
    for (let k = 0; k < count; k++) {
      state.far[k] = ranked(far[k]!);
      state.near[k] = ranked(near[k]!);
    }
  },
  merge(state, later, input) {
    for (const side of ["far", "near"] as const) {
      for (const [k, own] of state[side].entries()) {
        const top = ranking(own, input[side]);
        const known = new Set(own.rows);
        const { rows, scores } = later[side][k]!;
        for (const [r, row] of rows.entries()) if (!known.has(row)) top.offer(scores[r]!, row);
        state[side][k] = ranked(top);
      }
    }
  },
};

function ranking({ rows, scores }: Ranked, capacity: number): TopRows {
  const top = new TopRows(capacity);
  for (const [r, row] of rows.entries()) top.offer(scores[r]!, row);
  return top;
}

function ranked(top: TopRows): Ranked {
  const sorted = top.sorted();
  return { rows: sorted.map(({ row }) => row), scores: sorted.map(({ score }) => score) };
}
