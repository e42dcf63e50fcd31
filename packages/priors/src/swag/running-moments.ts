import { ArgumentError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

type Blocks = tf.Tensor1D[];

/** Running mean, sum of squared deviations, and the last deviations of weights that come block by block. */
export class RunningMoments {
  count = 0;
  private mean: Blocks = [];
  private squares: Blocks = [];
  private deviations: Blocks[] = [];
  private readonly rank: number;
  private readonly fromRunningMean: boolean;

  constructor(rank: number, fromRunningMean: boolean) {
    this.rank = rank;
    this.fromRunningMean = fromRunningMean;
  }

  /** Adds one set of weights. */
  add(blocks: readonly tf.Tensor[]): void {
    this.count += 1;
    const isFirst = this.count === 1;
    const kept: Blocks = [];
    for (const [i, block] of blocks.entries()) {
      tf.tidy(() => {
        const w = tf.reshape(block, [-1]) as tf.Tensor1D;
        const oldMean = isFirst ? tf.zerosLike(w) : this.mean[i]!;
        const before = tf.sub(w, oldMean);
        const mean = tf.keep(tf.add(oldMean, tf.div(before, this.count))) as tf.Tensor1D;
        const after = tf.sub(w, mean) as tf.Tensor1D;
        const step = tf.mul(before, after);
        const squares = tf.keep(isFirst ? tf.zerosLike(w) : tf.add(this.squares[i]!, step)) as tf.Tensor1D;
        if (this.rank > 0) kept.push(tf.keep(this.fromRunningMean ? after : (tf.clone(w) as tf.Tensor1D)));
        if (!isFirst) tf.dispose([this.mean[i]!, this.squares[i]!]);
        this.mean[i] = mean;
        this.squares[i] = squares;
      });
    }
    if (this.rank === 0) return;
    this.deviations.push(kept);
    if (this.deviations.length > this.rank) tf.dispose(this.deviations.shift()!);
  }

  /** Mean, variance and normalised deviations as vectors that belong to the caller. */
  vectors(floor: number): { mean: tf.Tensor1D; variance: tf.Tensor1D; deviations: tf.Tensor2D | undefined } {
    const kept = this.deviations.length;
    if (this.rank > 0 && kept < 2) {
      throw new ArgumentError(
        `SwagCollector.prior: ${kept} deviations are kept; at least 2 were expected, or rank 0 for a diagonal prior`,
        { argument: "rank", value: kept },
      );
    }
    return tf.tidy(() => {
      const mean = tf.concat(this.mean) as tf.Tensor1D;
      const variance = tf.maximum(tf.div(tf.concat(this.squares), this.count), floor) as tf.Tensor1D;
      if (this.rank === 0) return { mean, variance, deviations: undefined };
      const rows = this.deviations.map((blocks) => {
        const row = tf.concat(blocks);
        return this.fromRunningMean ? row : tf.sub(row, mean);
      });
      const deviations = tf.div(tf.stack(rows), Math.sqrt(2 * (kept - 1))) as tf.Tensor2D;
      return { mean, variance, deviations };
    });
  }

  /** Everything as plain numbers. */
  async read(): Promise<{
    count: number;
    mean: Float32Array;
    squares: Float32Array;
    deviations: Float32Array[];
  }> {
    const flat = async (blocks: Blocks) => {
      if (blocks.length === 0) return new Float32Array(0);
      const joined = tf.concat(blocks);
      const values = (await joined.data()) as Float32Array;
      joined.dispose();
      return Float32Array.from(values);
    };
    const deviations: Float32Array[] = [];
    for (const blocks of this.deviations) deviations.push(await flat(blocks));
    return { count: this.count, mean: await flat(this.mean), squares: await flat(this.squares), deviations };
  }

  /** Takes back what `read` gave, cut into blocks; the tensors are copied. */
  restore(count: number, mean: tf.Tensor[], squares: tf.Tensor[], deviations: tf.Tensor[][]): void {
    const copy = (blocks: tf.Tensor[]) => blocks.map((block) => tf.keep(tf.clone(block)) as tf.Tensor1D);
    this.dispose();
    this.count = count;
    this.mean = copy(mean);
    this.squares = copy(squares);
    this.deviations = deviations.map(copy);
  }

  dispose(): void {
    tf.dispose([this.mean, this.squares, this.deviations] as unknown as tf.TensorContainer);
    this.count = 0;
    this.mean = [];
    this.squares = [];
    this.deviations = [];
  }
}
