import * as tf from "@tensorflow/tfjs-core";

/** A rectangle of the similarity matrix, by the indices of its row block and column block. */
export interface Tile {
  row: number;
  column: number;
  /** Whether its own diagonal is left out of the sums. */
  withoutDiagonal: boolean;
}

/** Which pairs of rows enter the sums. */
export interface PairPlan {
  /** First row and number of rows of each block. */
  blocks: readonly { start: number; size: number }[];
  /** Each unordered pair of blocks at most once; a tile counts for its rows and for its columns. */
  tiles: readonly Tile[];
  /** How many of the first tiles the forward pass keeps for the backward pass. */
  numKept: number;
}

/** Bytes of similarities that are kept; the rest is computed again. */
const KEPT_BYTES = 64 * 2 ** 20;

/** Rows of a block: on processors a tile stays near the cache, on graphics cards few large products are better. */
const automaticBlock = () => (["wasm", "cpu"].includes(tf.getBackend()) ? 512 : 2048);

/** Blocks of nearly equal size. */
function split(start: number, count: number, blockSize: number): { start: number; size: number }[] {
  const size = Math.ceil(count / Math.ceil(count / blockSize));
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => ({
    start: start + i * size,
    size: Math.min(size, count - i * size),
  }));
}

function planOf(
  blocks: PairPlan["blocks"],
  blockSize: number | "auto",
  tileAt: (row: number, column: number) => Tile | undefined,
): PairPlan {
  const tiles: Tile[] = [];
  for (let row = 0; row < blocks.length; row++) {
    for (let column = row; column < blocks.length; column++) {
      const tile = tileAt(row, column);
      if (tile) tiles.push(tile);
    }
  }
  const largest = 4 * blocks[0]!.size ** 2;
  return { blocks, tiles, numKept: blockSize === "auto" ? Math.floor(KEPT_BYTES / largest) : 0 };
}

/**
 * Splits two views of `numPairs` rows alike, so that every left-out diagonal is the diagonal of a tile.
 *
 * @param pairs - `"negatives"`: all rows against all but themselves and their partners; `"across"`: of these only those of the
 *   other view.
 */
export function planPairs(
  numPairs: number,
  pairs: "negatives" | "across",
  blockSize: number | "auto",
): PairPlan {
  const size = blockSize === "auto" ? automaticBlock() : blockSize;
  const blocks = [...split(0, numPairs, size), ...split(numPairs, numPairs, size)];
  const perView = blocks.length / 2;
  return planOf(blocks, blockSize, (row, column) => {
    const isAcross = row < perView && column >= perView;
    if (pairs === "across" && !isAcross) return undefined;
    return { row, column, withoutDiagonal: row === column || column === row + perView };
  });
}

/** Blocks of one set of rows, all against all others. */
export function planSingle(numRows: number): PairPlan {
  return planOf(split(0, numRows, automaticBlock()), "auto", (row, column) => ({
    row,
    column,
    withoutDiagonal: row === column,
  }));
}
