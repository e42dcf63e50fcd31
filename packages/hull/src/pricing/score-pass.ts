import type { Pauses } from "../hull/pause.js";
import { type Rows, readChunk } from "../points/points.js";
import { centerRows, multiplyRows } from "./dense.js";

/** Receives the scores of some rows: `scores[r * count + k]` for row `first + r` and direction k. */
export type ScoreVisitor = (first: number, numRows: number, scores: Float64Array) => void;

/** One pass over all rows: scores w_k·(x_i − c) in double precision, tile by tile. */
export async function scorePass(
  rows: Rows,
  center: Float64Array,
  directions: Float64Array,
  count: number,
  visit: ScoreVisitor,
  pauses: Pauses,
  chunkSize = 8192,
): Promise<void> {
  const { n, d } = rows;
  const tileRows = Math.max(4, Math.min(128, 2 * Math.floor(8192 / d)));
  const tile = new Float64Array(tileRows * d);
  const scores = new Float64Array(tileRows * count);
  for (let start = 0; start < n; start += chunkSize) {
    const size = Math.min(chunkSize, n - start);
    const values = await readChunk(rows, start, size);
    for (let from = 0; from < size; from += tileRows) {
      const numRows = Math.min(tileRows, size - from);
      centerRows(values, from, numRows, d, center, tile);
      multiplyRows(tile, numRows, d, directions, count, scores);
      visit(start + from, numRows, scores);
      if (pauses.isDue) await pauses.ifDue();
    }
  }
}
