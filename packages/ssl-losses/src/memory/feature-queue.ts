import { ArgumentError, checkInteger, checkShape, ShapeError } from "@lab/core";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";

/** A queue at rest: restoring it continues exactly where it stopped. */
export interface QueueState {
  /** Keys row by row, `size * dim` numbers. */
  values: Float32Array;
  /** Number of rows. */
  size: number;
  /** Columns of a key. */
  dim: number;
  /** Row that the next key overwrites. */
  next: number;
}

/**
 * Ring of the latest keys, the negatives of momentum contrast.
 *
 * Starts with random unit rows; `enqueue` overwrites the oldest rows and wraps around when the batch does not divide the size.
 *
 * @see He, Fan, Wu, Xie, Girshick (2020), Momentum contrast for unsupervised visual representation learning, algorithm 1.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { Generator } from "@lab/core/random";
 * import { FeatureQueue } from "@lab/ssl-losses";
 *
 * await init();
 * const queue = new FeatureQueue({ size: 4, dim: 2, generator: new Generator(1) });
 * const keys = tf.tensor2d([[1, 0], [0, 1], [-1, 0]]);
 * queue.enqueue(keys);
 * queue.enqueue(keys); // the second batch wraps around
 * Array.from(await queue.tensor.data()); // => [0, 1, -1, 0, -1, 0, 1, 0]
 * queue.dispose();
 * ```
 */
export class FeatureQueue {
  private readonly size: number;
  private readonly dim: number;
  private rows: tf.Tensor2D;
  private next = 0;

  /**
   * @param options - Rows, columns, and the generator of the first, random rows.
   * @throws {@link ArgumentError} when `size` or `dim` is not a positive integer.
   */
  constructor(options: { size: number; dim: number; generator: Generator }) {
    this.size = checkInteger("FeatureQueue", "size", options.size, { min: 1 });
    this.dim = checkInteger("FeatureQueue", "dim", options.dim, { min: 1 });
    this.rows = tf.keep(
      tf.tidy(() => {
        const random = options.generator.normal([this.size, this.dim]);
        return tf.div(random, tf.sqrt(tf.sum(tf.square(random), 1, true)));
      }),
    ) as tf.Tensor2D;
  }

  /** The keys, `[size, dim]`, in ring order; belongs to the queue and is replaced by `enqueue`. */
  get tensor(): tf.Tensor2D {
    return this.rows;
  }

  /**
   * Overwrites the oldest rows; call it after the loss, so that a query never meets its own key among the negatives.
   *
   * @param keys - `[batch, dim]`, at most `size` rows; copied, without a gradient.
   * @throws {@link ShapeError} when the columns differ or there are more keys than rows.
   */
  enqueue(keys: tf.Tensor2D): void {
    checkShape("FeatureQueue.enqueue", "keys", keys, [null, this.dim]);
    const numKeys = keys.shape[0];
    if (numKeys > this.size) {
      throw new ShapeError(
        `FeatureQueue.enqueue: keys has ${numKeys} rows and size is ${this.size}; at most size rows were expected`,
        { argument: "keys", shape: keys.shape },
      );
    }
    const before = this.rows;
    this.rows = tf.keep(tf.tidy(() => this.overwritten(keys, numKeys)));
    this.next = (this.next + numKeys) % this.size;
    before.dispose();
  }

  /** The new ring: rows that wrapped, rows left alone, and the rest of the keys. */
  private overwritten(keys: tf.Tensor2D, numKeys: number): tf.Tensor2D {
    const numFirst = Math.min(numKeys, this.size - this.next);
    const numWrapped = numKeys - numFirst;
    const end = this.next + numFirst;
    const parts = [
      tf.slice(keys, [numFirst, 0], [numWrapped, this.dim]),
      tf.slice(this.rows, [numWrapped, 0], [this.next - numWrapped, this.dim]),
      tf.slice(keys, [0, 0], [numFirst, this.dim]),
      tf.slice(this.rows, [end, 0], [this.size - end, this.dim]),
    ].filter((part) => part.shape[0] > 0);
    return tf.clone(tf.concat(parts, 0)) as tf.Tensor2D;
  }

  /** Keys and position, for a checkpoint. */
  async state(): Promise<QueueState> {
    const values = Float32Array.from(await this.rows.data());
    return { values, size: this.size, dim: this.dim, next: this.next };
  }

  /**
   * Puts back what `state` returned.
   *
   * @throws {@link ArgumentError} when it belongs to a queue of another size.
   */
  restore(state: QueueState): void {
    if (state.size !== this.size || state.dim !== this.dim || state.values.length !== this.size * this.dim) {
      throw new ArgumentError(
        `FeatureQueue.restore: state holds [${state.size},${state.dim}]; [${this.size},${this.dim}] was expected`,
        { argument: "state", value: [state.size, state.dim] },
      );
    }
    checkInteger("FeatureQueue.restore", "state.next", state.next, { min: 0, below: this.size });
    this.rows.dispose();
    this.rows = tf.keep(tf.tensor2d(Float32Array.from(state.values), [this.size, this.dim]));
    this.next = state.next;
  }

  /** Frees the keys. */
  dispose(): void {
    this.rows.dispose();
  }
}
