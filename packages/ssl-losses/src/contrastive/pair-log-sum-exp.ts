import { BackendError } from "@lab/core";
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
  /** Whether the forward pass keeps its tiles for the backward pass. */
  keepsTiles: boolean;
}

/** Bytes of similarities up to which the whole matrix is kept. */
const KEPT_BYTES = 256 * 2 ** 20;
/** Rows of a block when it is not. */
const AUTOMATIC_BLOCK = 1024;
/** Temperature below which exp((s − 1)/τ) of unit vectors leaves the normal float32 numbers. */
const CONSTANT_SHIFT_FROM = 0.025;
const MASKED = 1e30;

/**
 * Splits two views of `numPairs` rows alike, so that every left-out diagonal is the diagonal of a tile.
 *
 * @param pairs - `"all"`: all rows against all others; `"negatives"`: without the positive too; `"across"`: first view against second.
 */
export function planPairs(
  numPairs: number,
  pairs: "all" | "negatives" | "across",
  blockSize: number | "auto",
): PairPlan {
  const fits = 16 * numPairs * numPairs <= KEPT_BYTES;
  const size = Math.min(numPairs, blockSize === "auto" ? (fits ? numPairs : AUTOMATIC_BLOCK) : blockSize);
  const perView = Math.ceil(numPairs / size);
  const blocks = Array.from({ length: 2 * perView }, (_, i) => {
    const offset = (i % perView) * size;
    return { start: (i < perView ? 0 : numPairs) + offset, size: Math.min(size, numPairs - offset) };
  });
  const tiles: Tile[] = [];
  for (let row = 0; row < blocks.length; row++) {
    for (let column = row; column < blocks.length; column++) {
      const isAcross = row < perView && column >= perView;
      if (pairs === "across" && !isAcross) continue;
      const withoutDiagonal = row === column || (pairs === "negatives" && column === row + perView);
      tiles.push({ row, column, withoutDiagonal });
    }
  }
  return { blocks, tiles, keepsTiles: blockSize === "auto" ? fits : size === numPairs };
}

/** Blocks of one set of rows, all against all others. */
export function planSingle(numRows: number): PairPlan {
  const size = 4 * numRows * numRows <= KEPT_BYTES ? numRows : AUTOMATIC_BLOCK;
  const blocks = Array.from({ length: Math.ceil(numRows / size) }, (_, i) => ({
    start: i * size,
    size: Math.min(size, numRows - i * size),
  }));
  const tiles: Tile[] = [];
  for (let row = 0; row < blocks.length; row++) {
    for (let column = row; column < blocks.length; column++) {
      tiles.push({ row, column, withoutDiagonal: row === column });
    }
  }
  return { blocks, tiles, keepsTiles: blocks.length === 1 };
}

const blockOf = (x: tf.Tensor2D, plan: PairPlan, index: number): tf.Tensor2D => {
  const { start, size } = plan.blocks[index]!;
  return tf.slice(x, [start, 0], [size, -1]);
};
const withColumn = (x: tf.Tensor2D, value: number) => tf.concat([x, tf.fill([x.shape[0], 1], value)], 1);
const offDiagonal = (size: number) => tf.sub(1, tf.eye(size)) as tf.Tensor2D;
const asRow = (x: tf.Tensor) => tf.reshape(x, [1, -1]);

/** Adds column vectors per block: a sum for every row of the matrix, built without a scatter. */
class BlockSums {
  private readonly parts: (tf.Tensor2D | undefined)[];
  constructor(
    numBlocks: number,
    private readonly merge: (a: tf.Tensor2D, b: tf.Tensor2D) => tf.Tensor2D = tf.add,
  ) {
    this.parts = new Array<undefined>(numBlocks).fill(undefined);
  }
  put(index: number, part: tf.Tensor2D): void {
    const old = this.parts[index];
    this.parts[index] = old ? this.merge(old, part) : part;
    if (old) tf.dispose([old, part]);
  }
  all(): tf.Tensor2D {
    const joined = tf.concat(this.parts as tf.Tensor2D[], 0);
    tf.dispose(this.parts as tf.Tensor2D[]);
    return joined;
  }
}

/** Similarities over the temperature minus a constant, straight out of one product. */
function logits(z: tf.Tensor2D, plan: PairPlan, tile: Tile, scale: number, shift: number): tf.Tensor2D {
  const left = withColumn(tf.mul(blockOf(z, plan, tile.row), scale), -shift) as tf.Tensor2D;
  return tf.matMul(left, withColumn(blockOf(z, plan, tile.column), 1) as tf.Tensor2D, false, true);
}

function shiftedExp(z: tf.Tensor2D, plan: PairPlan, tile: Tile, scale: number): tf.Tensor2D {
  return tf.tidy(() => {
    const e = tf.exp(logits(z, plan, tile, scale, scale));
    return tile.withoutDiagonal ? tf.mul(e, offDiagonal(plan.blocks[tile.row]!.size)) : e;
  });
}

function maskedLogits(z: tf.Tensor2D, plan: PairPlan, tile: Tile, scale: number): tf.Tensor2D {
  return tf.tidy(() => {
    const l = logits(z, plan, tile, scale, 0);
    return tile.withoutDiagonal ? tf.sub(l, tf.mul(tf.eye(l.shape[0]), MASKED)) : l;
  });
}

function forwardConstant(
  z: tf.Tensor2D,
  plan: PairPlan,
  scale: number,
): { value: tf.Tensor1D; kept: tf.Tensor2D[] } {
  const sums = new BlockSums(plan.blocks.length);
  const kept: tf.Tensor2D[] = [];
  for (const tile of plan.tiles) {
    const e = shiftedExp(z, plan, tile, scale);
    sums.put(tile.row, tf.sum(e, 1, true));
    if (tile.row !== tile.column)
      sums.put(
        tile.column,
        tf.tidy(() => tf.reshape(tf.sum(e, 0), [-1, 1])),
      );
    if (plan.keepsTiles) kept.push(e);
    else e.dispose();
  }
  const value = tf.tidy(() => tf.reshape(tf.add(tf.log(sums.all()), scale), [-1]) as tf.Tensor1D);
  return { value, kept };
}

function forwardMaximum(z: tf.Tensor2D, plan: PairPlan, scale: number): tf.Tensor1D {
  const largest = new BlockSums(plan.blocks.length, tf.maximum);
  for (const tile of plan.tiles) {
    const l = maskedLogits(z, plan, tile, scale);
    largest.put(tile.row, tf.max(l, 1, true));
    if (tile.row !== tile.column)
      largest.put(
        tile.column,
        tf.tidy(() => tf.reshape(tf.max(l, 0), [-1, 1])),
      );
    l.dispose();
  }
  const maximum = largest.all();
  const sums = new BlockSums(plan.blocks.length);
  for (const tile of plan.tiles) {
    const l = maskedLogits(z, plan, tile, scale);
    const rowMaximum = blockOf(maximum, plan, tile.row);
    sums.put(
      tile.row,
      tf.tidy(() => tf.sum(tf.exp(tf.sub(l, rowMaximum)), 1, true)),
    );
    if (tile.row !== tile.column) {
      const columnMaximum = asRow(blockOf(maximum, plan, tile.column));
      sums.put(
        tile.column,
        tf.tidy(() => tf.reshape(tf.sum(tf.exp(tf.sub(l, columnMaximum)), 0), [-1, 1])),
      );
    }
    l.dispose();
  }
  return tf.tidy(() => tf.reshape(tf.add(tf.log(sums.all()), maximum), [-1]) as tf.Tensor1D);
}

/** Softmax weights of a tile times the upstream gradients of its rows, and of its columns. */
function weightsOf(
  z: tf.Tensor2D,
  plan: PairPlan,
  tile: Tile,
  scale: number,
  lse: tf.Tensor2D,
  upstream: tf.Tensor2D,
  kept: tf.Tensor2D | undefined,
  isConstant: boolean,
): tf.Tensor2D {
  const [rowLse, columnLse] = [blockOf(lse, plan, tile.row), asRow(blockOf(lse, plan, tile.column))];
  const [rowUp, columnUp] = [blockOf(upstream, plan, tile.row), asRow(blockOf(upstream, plan, tile.column))];
  if (isConstant) {
    const e = kept ?? shiftedExp(z, plan, tile, scale);
    const u = tf.mul(rowUp, tf.exp(tf.sub(scale, rowLse)));
    const v = tf.mul(columnUp, tf.exp(tf.sub(scale, columnLse)));
    return tf.mul(e, tf.add(u, v));
  }
  const l = maskedLogits(z, plan, tile, scale);
  return tf.add(tf.mul(rowUp, tf.exp(tf.sub(l, rowLse))), tf.mul(columnUp, tf.exp(tf.sub(l, columnLse))));
}

/**
 * For every row, the logarithm of the summed exponentials of its similarities to the rows it is paired with.
 *
 * $L_i = \log \sum_{j \in \mathcal N(i)} e^{s_{ij} / \tau}$, $s = Z Z^\top$
 *
 * @param z - `[rows, dim]`.
 * @param plan - See {@link planPairs}.
 * @param temperature - τ.
 * @param isUnit - Whether rows have norm 1, which allows a constant shift.
 * @returns `[rows]`, or that of the columns and rows that occur in tiles.
 * @remarks One exponential and one product per unordered pair forwards; backwards $dZ = (W + W^\top)Z/\tau$, two products. A
 *   second derivative throws.
 */
export function pairLogSumExp(
  z: tf.Tensor2D,
  plan: PairPlan,
  temperature: number,
  isUnit: boolean,
): tf.Tensor1D {
  const isConstant = isUnit && temperature >= CONSTANT_SHIFT_FROM;
  const scale = 1 / temperature;
  const run = tf.customGrad((input, save) => {
    const x = input as tf.Tensor2D;
    const { value, kept } = isConstant
      ? forwardConstant(x, plan, scale)
      : { value: forwardMaximum(x, plan, scale), kept: [] };
    (save as tf.GradSaveFunc)([x, value, ...kept]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        if (tf.engine().state.gradientDepth > 0)
          throw new BackendError(
            "pairLogSumExp: a second derivative was asked for; the analytic gradient can be differentiated once",
            { backend: tf.getBackend() },
          );
        const [rows, lse, ...tiles] = saved as [tf.Tensor2D, tf.Tensor1D, ...tf.Tensor2D[]];
        return tf.tidy(() => {
          const upstream = tf.mul(tf.reshape(dy, [-1, 1]), scale) as tf.Tensor2D;
          const column = tf.reshape(lse, [-1, 1]) as tf.Tensor2D;
          const gradient = new BlockSums(plan.blocks.length);
          for (const [index, tile] of plan.tiles.entries()) {
            const weights = tf.tidy(() =>
              weightsOf(rows, plan, tile, scale, column, upstream, tiles[index], isConstant),
            );
            // A tile on the diagonal is symmetric in its similarities, and so are its two-sided weights.
            gradient.put(
              tile.row,
              tf.tidy(() => tf.matMul(weights, blockOf(rows, plan, tile.column))),
            );
            if (tile.row !== tile.column)
              gradient.put(
                tile.column,
                tf.tidy(() => tf.matMul(weights, blockOf(rows, plan, tile.row), true)),
              );
            weights.dispose();
          }
          return gradient.all();
        });
      },
    };
  });
  return run(z) as tf.Tensor1D;
}
