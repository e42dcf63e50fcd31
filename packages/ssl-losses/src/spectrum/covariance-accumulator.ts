import { checkRank, ShapeError } from "@lab/core";
import type * as tf from "@tensorflow/tfjs-core";

/**
 * Mean and covariance of rows that come in batches, in double precision.
 *
 * Batches and other accumulators are merged by Chan's update, so that order and size of batches do not matter. Memory is
 * `dim²` numbers whatever the number of rows.
 *
 * @see Chan, Golub, LeVeque (1983), Algorithms for computing the sample variance.
 */
export class CovarianceAccumulator {
  private mean = new Float64Array(0);
  private scatter = new Float64Array(0);
  private rows = 0;

  /**
   * Adds the rows of a batch.
   *
   * @param batch - `[rows, dim]`; `dim` is that of the first batch.
   * @throws {@link ShapeError} when the width changes.
   */
  async update(batch: tf.Tensor2D): Promise<void> {
    checkRank("CovarianceAccumulator.update", "batch", batch, 2);
    this.add(await batch.data(), batch.shape[1]);
  }

  /** Adds rows that are on the host, row by row. */
  add(values: ArrayLike<number>, dim: number): void {
    const count = values.length / dim;
    if (count === 0) return;
    const mean = new Float64Array(dim);
    for (let at = 0; at < values.length; at++) mean[at % dim]! += values[at]! / count;
    const scatter = new Float64Array(dim * dim);
    const centred = new Float64Array(dim);
    for (let row = 0; row < count; row++) {
      for (let k = 0; k < dim; k++) centred[k] = values[row * dim + k]! - mean[k]!;
      for (let k = 0; k < dim; k++) {
        const c = centred[k]!;
        for (let l = 0; l <= k; l++) scatter[k * dim + l]! += c * centred[l]!;
      }
    }
    for (let k = 0; k < dim; k++) for (let l = 0; l < k; l++) scatter[l * dim + k] = scatter[k * dim + l]!;
    this.combine(mean, scatter, count);
  }

  /** Adds what another accumulator has seen. */
  merge(other: CovarianceAccumulator): void {
    if (other.rows > 0) this.combine(other.mean, other.scatter, other.rows);
  }

  private combine(mean: Float64Array, scatter: Float64Array, count: number): void {
    if (this.rows === 0) {
      this.mean = Float64Array.from(mean);
      this.scatter = Float64Array.from(scatter);
      this.rows = count;
      return;
    }
    const dim = this.mean.length;
    if (mean.length !== dim) {
      throw new ShapeError(
        `CovarianceAccumulator.update: batch has ${mean.length} columns; ${dim} were expected, as before`,
        { argument: "batch", shape: [count, mean.length] },
      );
    }
    const total = this.rows + count;
    const delta = mean.map((value, k) => value - this.mean[k]!);
    const factor = (this.rows * count) / total;
    for (let k = 0; k < dim; k++) {
      for (let l = 0; l < dim; l++)
        this.scatter[k * dim + l]! += scatter[k * dim + l]! + factor * delta[k]! * delta[l]!;
    }
    for (let k = 0; k < dim; k++) this.mean[k]! += (delta[k]! * count) / total;
    this.rows = total;
  }

  /** Mean, covariance with 1/n, row by row, and the number of rows. */
  result(): { mean: Float64Array; covariance: Float64Array; count: number } {
    return {
      mean: Float64Array.from(this.mean),
      covariance: this.scatter.map((value) => value / this.rows),
      count: this.rows,
    };
  }
}
