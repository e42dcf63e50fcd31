import { BackendError } from "@lab/core";
import { callKernel, hasHostKernel } from "@lab/core/host-kernel";
import * as tf from "@tensorflow/tfjs-core";
import { BlockSums } from "./block-sums.js";
import type { PairPlan, Tile } from "./pair-plan.js";

/** Temperature below which exp((s − 1)/τ) of unit vectors leaves the normal float32 numbers. */
const CONSTANT_SHIFT_FROM = 0.025;
const MASKED = 1e30;

const asColumn = (x: tf.Tensor) => tf.reshape(x, [-1, 1]) as tf.Tensor2D;
const asRow = (x: tf.Tensor) => tf.reshape(x, [1, -1]) as tf.Tensor2D;

/** A matrix cut into the blocks of a plan; what `change` makes of it on the way is freed. */
const cut = (x: tf.Tensor2D, plan: PairPlan, change = (block: tf.Tensor2D) => block): tf.Tensor2D[] =>
  tf.tidy(() =>
    plan.blocks.map(({ start, size }) => tf.tidy(() => change(tf.slice(x, [start, 0], [size, -1])))),
  );

/** Matrices for every size of a masked tile: `value` on the diagonal, `rest` beside it. */
function diagonals(plan: PairPlan, value: number, rest: number): ReadonlyMap<number, tf.Tensor2D> {
  const sizes = plan.tiles.filter((tile) => tile.withoutDiagonal).map(({ row }) => plan.blocks[row]!.size);
  const masks = [...new Set(sizes)].map((size): [number, tf.Tensor2D] => {
    const values = new Float32Array(size * size).fill(rest);
    for (let i = 0; i < size; i++) values[i * size + i] = value;
    return [size, tf.tensor2d(values, [size, size])];
  });
  return new Map(masks);
}

/**
 * Gives the scaled similarities `s/τ − shift` of a tile straight out of one product: the shift rides along as a column of
 * ones, and the right side is transposed once a block instead of once a tile.
 */
function similarities(z: tf.Tensor2D, plan: PairPlan, scale: number, shift: number) {
  const withColumn = (x: tf.Tensor2D, value: number) =>
    tf.concat([x, tf.fill([x.shape[0], 1], value)], 1) as tf.Tensor2D;
  const left = cut(z, plan, (block) => withColumn(tf.mul(block, scale), -shift));
  const right = cut(z, plan, (block) => tf.transpose(withColumn(block, 1)) as tf.Tensor2D);
  return (tile: Tile): tf.Tensor2D => tf.matMul(left[tile.row]!, right[tile.column]!);
}

/** Kernels of core's wasm backend: a tile's exponentials with its sums, and its weights, in one pass each. */
const [EXP_SUMS, TIMES_OUTER_SUM] = ["LabExpSums", "LabTimesOuterSum"] as const;

/** A tile of exponentials with its sums by rows and by columns, as columns. */
interface SummedTile {
  e: tf.Tensor2D;
  byRow: tf.Tensor;
  byColumn: tf.Tensor;
}

/** exp((s − 1)/τ) of tiles of unit rows, zero where a pair does not count, and its sums. */
function exponentials(z: tf.Tensor2D, plan: PairPlan, scale: number): (tile: Tile) => SummedTile {
  const logits = similarities(z, plan, scale, scale);
  if (hasHostKernel(EXP_SUMS)) {
    return (tile) => {
      const x = logits(tile);
      const [e, byRow, byColumn] = callKernel(EXP_SUMS, { x }, { withoutDiagonal: tile.withoutDiagonal });
      x.dispose();
      return { e: e as tf.Tensor2D, byRow: byRow!, byColumn: byColumn! };
    };
  }
  const mask = diagonals(plan, 0, 1);
  return (tile) =>
    tf.tidy(() => {
      const all = tf.exp(logits(tile)) as tf.Tensor2D;
      const e = tile.withoutDiagonal ? (tf.mul(all, mask.get(all.shape[0])!) as tf.Tensor2D) : all;
      return { e, byRow: tf.sum(e, 1), byColumn: tf.sum(e, 0) };
    });
}

/** s/τ of tiles, far below all others where a pair does not count. */
function maskedLogits(z: tf.Tensor2D, plan: PairPlan, scale: number): (tile: Tile) => tf.Tensor2D {
  const logits = similarities(z, plan, scale, 0);
  const penalty = diagonals(plan, MASKED, 0);
  return (tile) => {
    const l = logits(tile);
    if (!tile.withoutDiagonal) return l;
    const masked = tf.sub(l, penalty.get(l.shape[0])!) as tf.Tensor2D;
    l.dispose();
    return masked;
  };
}

/** A reduction of a tile's rows and, where the tile is not on the diagonal, of its columns. */
function reduceTile(into: BlockSums, tile: Tile, reduce: (axis: 0 | 1) => tf.Tensor): void {
  into.put(
    tile.row,
    tf.tidy(() => asColumn(reduce(1))),
  );
  if (tile.row !== tile.column)
    into.put(
      tile.column,
      tf.tidy(() => asColumn(reduce(0))),
    );
}

function forwardConstant(
  z: tf.Tensor2D,
  plan: PairPlan,
  scale: number,
  numKept: number,
): { value: tf.Tensor1D; kept: tf.Tensor2D[] } {
  const sums = new BlockSums(plan.blocks.length);
  const kept: tf.Tensor2D[] = [];
  const tileOf = exponentials(z, plan, scale);
  for (const tile of plan.tiles) {
    const { e, byRow, byColumn } = tileOf(tile);
    sums.put(tile.row, asColumn(byRow));
    if (tile.row !== tile.column) sums.put(tile.column, asColumn(byColumn));
    if (kept.length < numKept) kept.push(e);
    else e.dispose();
    tf.dispose([byRow, byColumn]);
  }
  return { value: tf.reshape(tf.add(tf.log(sums.all()), scale), [-1]), kept };
}

function forwardMaximum(z: tf.Tensor2D, plan: PairPlan, scale: number): tf.Tensor1D {
  const largest = new BlockSums(plan.blocks.length, tf.maximum);
  const tileOf = maskedLogits(z, plan, scale);
  for (const tile of plan.tiles) {
    const l = tileOf(tile);
    reduceTile(largest, tile, (axis) => tf.max(l, axis));
    l.dispose();
  }
  const maximum = largest.all();
  const maxima = cut(maximum, plan);
  const sums = new BlockSums(plan.blocks.length);
  for (const tile of plan.tiles) {
    const l = tileOf(tile);
    reduceTile(sums, tile, (axis) => {
      const shift = axis === 1 ? maxima[tile.row]! : asRow(maxima[tile.column]!);
      return tf.sum(tf.exp(tf.sub(l, shift)), axis);
    });
    l.dispose();
  }
  return tf.reshape(tf.add(tf.log(sums.all()), maximum), [-1]);
}

/** The softmax weights of a tile times the upstream gradients of its rows, plus the same by columns. */
function weights(
  z: tf.Tensor2D,
  plan: PairPlan,
  scale: number,
  isConstant: boolean,
  lse: tf.Tensor1D,
  upstream: tf.Tensor2D,
): (tile: Tile, kept: tf.Tensor2D | undefined) => tf.Tensor2D {
  const column = asColumn(lse);
  if (isConstant) {
    const share = cut(tf.mul(upstream, tf.exp(tf.sub(scale, column))), plan);
    const isFused = hasHostKernel(TIMES_OUTER_SUM);
    const shareOfColumns = isFused ? share : share.map(asRow);
    let tileOf: ((tile: Tile) => SummedTile) | undefined;
    return (tile, kept) => {
      if (!kept) tileOf ??= exponentials(z, plan, scale);
      const again = kept ? undefined : tileOf!(tile);
      const x = kept ?? again!.e;
      const [u, v] = [share[tile.row]!, shareOfColumns[tile.column]!];
      const w = isFused
        ? callKernel(TIMES_OUTER_SUM, { x, u, v })[0]!
        : tf.tidy(() => tf.mul(x, tf.add(u, v)));
      if (again) tf.dispose([again.e, again.byRow, again.byColumn]);
      return w as tf.Tensor2D;
    };
  }
  const tileOf = maskedLogits(z, plan, scale);
  const [lses, slopes] = [cut(column, plan), cut(upstream, plan)];
  return (tile) =>
    tf.tidy(() => {
      const l = tileOf(tile);
      const part = (slope: tf.Tensor, by: tf.Tensor) => tf.mul(slope, tf.exp(tf.sub(l, by)));
      const rows = part(slopes[tile.row]!, lses[tile.row]!);
      const columns = part(asRow(slopes[tile.column]!), asRow(lses[tile.column]!));
      return tf.add(rows, columns) as tf.Tensor2D;
    });
}

/** $(W + W^\top) Z$ tile by tile. A tile on the diagonal is symmetric, and so are its two-sided weights. */
function pulledBack(
  z: tf.Tensor2D,
  plan: PairPlan,
  weightsOf: ReturnType<typeof weights>,
  kept: readonly tf.Tensor2D[],
): tf.Tensor2D {
  const rows = cut(z, plan);
  const gradient = new BlockSums(plan.blocks.length);
  for (const [index, tile] of plan.tiles.entries()) {
    const w = weightsOf(tile, kept[index]);
    gradient.put(tile.row, tf.matMul(w, rows[tile.column]!));
    if (tile.row !== tile.column) gradient.put(tile.column, tf.matMul(w, rows[tile.row]!, true));
    w.dispose();
  }
  return gradient.all();
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
  const isRecorded = tf.engine().state.activeTape != null;
  const run = tf.customGrad((input, save) => {
    const x = input as tf.Tensor2D;
    const { value, kept } = isConstant
      ? forwardConstant(x, plan, scale, isRecorded ? plan.numKept : 0)
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
          const upstream = tf.mul(asColumn(dy), scale) as tf.Tensor2D;
          const weightsOf = weights(rows, plan, scale, isConstant, lse, upstream);
          return pulledBack(rows, plan, weightsOf, tiles);
        });
      },
    };
  });
  return run(z) as tf.Tensor1D;
}
