import type { RowBlock } from "../passes/pass-kind.js";
import { centerRows, multiplyRows } from "./dense.js";
import { hasSimd, SimdScores } from "./simd.js";

/** Receives the scores of some rows: `scores[r * stride + k]` for row `first + r` and direction k. */
export type ScoreVisitor = (first: number, numRows: number, scores: Float64Array, stride: number) => void;

// Packed directions are kept as long as the directions: a pass scores them block by block.
const kernels = new WeakMap<Float64Array, SimdScores>();

/** Scores w_k·(x_i − c) of a block in double precision, tile by tile. */
export function scoreBlock(
  { values, first, count: size, d }: RowBlock,
  center: Float64Array,
  directions: Float64Array,
  count: number,
  withSimd: boolean,
  visit: ScoreVisitor,
): void {
  const tileRows = Math.max(4, Math.min(128, 4 * Math.floor(4096 / d)));
  if (withSimd && hasSimd()) {
    let kernel = kernels.get(directions);
    if (kernel === undefined) {
      kernel = new SimdScores(directions, count, d, tileRows);
      kernels.set(directions, kernel);
    }
    for (let from = 0; from < size; from += tileRows) {
      const numRows = Math.min(tileRows, size - from);
      visit(first + from, numRows, kernel.score(values, from, numRows, center), kernel.stride);
    }
    return;
  }
  const tile = new Float64Array(tileRows * d);
  const scores = new Float64Array(tileRows * count);
  for (let from = 0; from < size; from += tileRows) {
    const numRows = Math.min(tileRows, size - from);
    centerRows(values, from, numRows, d, center, tile);
    multiplyRows(tile, numRows, d, directions, count, scores);
    visit(first + from, numRows, scores, count);
  }
}
