import * as tf from "@tensorflow/tfjs-core";
import { relativeChange } from "../lasso/quadratic.js";
import { SMALLEST_STD } from "../prox/variance-hinge.js";
import type { Setup, Stepper } from "./stepper.js";

/** Numbers of a batch and a linear decoder, read from the device once. */
export interface HostBatch {
  /** Start, `[rows, size]`. */
  codes: Float64Array;
  /** $H = \frac2d D^\top D + \frac{2\gamma}{l} I$, `[size, size]`. */
  matrix: Float64Array;
  /** $B = \frac2d Y D + \frac{2\gamma}{l} Z_e$, `[rows, size]`. */
  target: Float64Array;
  rows: number;
  size: number;
}

/**
 * Iterations for a linear decoder in typed arrays: a product skips the zeros of the codes, which a dense kernel cannot.
 *
 * For the backend in plain JavaScript, whose dense product is slower than this by an order of magnitude.
 */
export class HostStepper implements Stepper {
  private readonly setup: Setup;
  private readonly batch: HostBatch;
  private readonly ahead: Float64Array;
  private readonly last: Float64Array;
  private readonly from: Float64Array;
  private readonly tangent: Float64Array;
  private readonly clock: Float64Array;
  private readonly row: Float64Array;
  private folded = { step: 0, matrix: new Float64Array(0) };
  private tensor: tf.Tensor2D | undefined;

  constructor(setup: Setup, batch: HostBatch) {
    this.setup = setup;
    this.batch = batch;
    [this.ahead, this.last, this.from] = [batch.codes.slice(), batch.codes.slice(), batch.codes.slice()];
    this.tangent = new Float64Array(setup.isTangent ? batch.codes.length : 0);
    this.clock = new Float64Array(batch.rows).fill(1);
    this.row = new Float64Array(batch.size);
  }

  codes(): tf.Tensor2D {
    // Kept: it outlives the tidy in which it may be asked for.
    this.tensor ??= tf.keep(
      tf.tensor2d(new Float32Array(this.batch.codes), [this.batch.rows, this.batch.size]),
    );
    return this.tensor;
  }

  change(): tf.Tensor2D {
    const before = this.setup.isTangent ? this.from : this.last;
    const old = tf.tensor2d(new Float32Array(before), [this.batch.rows, this.batch.size]);
    return relativeChange(tf.sub(this.codes(), old), old);
  }

  restart(): void {
    this.ahead.set(this.batch.codes);
    this.clock.fill(1);
  }

  dispose(): void {
    this.tensor?.dispose();
  }

  advance(count: number, step: number): void {
    if (this.folded.step !== step) this.fold(step);
    if (this.setup.isTangent) this.takeTangent();
    for (let i = 0; i < count; i++) this.iterate(step);
    this.tensor?.dispose();
    this.tensor = undefined;
  }

  private fold(step: number): void {
    const { matrix, size } = this.batch;
    const scaled = matrix.map((value) => -step * value);
    for (let j = 0; j < size; j++) scaled[j * size + j]! += 1;
    this.folded = { step, matrix: scaled };
  }

  /** Means and factors of the centred columns in a gradient step, for the rows of a group. */
  private columns(values: Float64Array, first: number, factorOf: (std: number) => number) {
    const { size, rows } = this.batch;
    const count = rows / this.setup.groups;
    const mean = new Float64Array(size);
    const factor = new Float64Array(size);
    for (let n = first; n < first + count; n++) {
      for (let j = 0; j < size; j++) mean[j]! += values[n * size + j]! / count;
    }
    for (let n = first; n < first + count; n++) {
      for (let j = 0; j < size; j++) factor[j]! += (values[n * size + j]! - mean[j]!) ** 2;
    }
    const scale = (2 * this.setup.w.variance) / (count - 1);
    for (let j = 0; j < size; j++) factor[j] = scale * factorOf(Math.sqrt(factor[j]! / (count - 1)));
    return { mean, factor };
  }

  private takeTangent(): void {
    const { codes, size, rows } = this.batch;
    const { threshold } = this.setup.w;
    const count = rows / this.setup.groups;
    this.from.set(codes);
    for (let first = 0; first < rows; first += count) {
      const { mean, factor } = this.columns(codes, first, (s) =>
        s > SMALLEST_STD ? Math.max(s, threshold) / s : 0,
      );
      for (let i = first * size; i < (first + count) * size; i++) {
        this.tangent[i] = factor[i % size]! * (codes[i]! - mean[i % size]!);
      }
    }
  }

  private iterate(step: number): void {
    const { setup, batch, ahead, last } = this;
    const { rows } = batch;
    const { threshold } = setup.w;
    const count = rows / setup.groups;
    last.set(batch.codes);
    for (let first = 0; first < rows; first += count) {
      const hinge =
        setup.w.variance > 0
          ? this.columns(ahead, first, (s) =>
              setup.isTangent ? -1 : s > SMALLEST_STD ? Math.max(0, threshold - s) / s : 0,
            )
          : undefined;
      for (let n = first; n < first + count; n++) this.descendRow(n, step, hinge);
      this.accelerate(first, count, step);
    }
  }

  /** Gradient step and shrinkage of a row of `ahead`, into the codes. */
  private descendRow(n: number, step: number, hinge?: { mean: Float64Array; factor: Float64Array }): void {
    const { batch, ahead, row, setup } = this;
    const { matrix } = this.folded;
    const { size, codes, target } = batch;
    const at = n * size;
    for (let j = 0; j < size; j++) row[j] = step * target[at + j]!;
    for (let k = 0; k < size; k++) {
      const value = ahead[at + k]!;
      if (value === 0) continue;
      const line = k * size;
      for (let j = 0; j < size; j++) row[j]! += value * matrix[line + j]!;
    }
    if (hinge) {
      for (let j = 0; j < size; j++) row[j]! += step * hinge.factor[j]! * (ahead[at + j]! - hinge.mean[j]!);
      if (setup.isTangent) for (let j = 0; j < size; j++) row[j]! += step * this.tangent[at + j]!;
    }
    const shrink = step * setup.w.sparsity;
    for (let j = 0; j < size; j++) {
      const x = row[j]!;
      codes[at + j] = x > shrink ? x - shrink : !setup.positive && x < -shrink ? x + shrink : 0;
    }
  }

  /** Momentum of the rows of a group; with a variance term they restart as one. */
  private accelerate(first: number, count: number, step: number): void {
    const { setup, batch, ahead, last, clock } = this;
    const { size, codes } = batch;
    const momentum = setup.momentum(step);
    const uphill = (n: number) => {
      let sum = 0;
      for (let i = n * size; i < (n + 1) * size; i++) sum += (ahead[i]! - codes[i]!) * (codes[i]! - last[i]!);
      return sum;
    };
    let all = 0;
    if (setup.restart && setup.w.variance > 0) for (let n = first; n < first + count; n++) all += uphill(n);
    for (let n = first; n < first + count; n++) {
      const isUphill = setup.restart && momentum !== 0 && (setup.w.variance > 0 ? all : uphill(n)) > 0;
      let factor = momentum ?? 0;
      if (momentum === undefined) {
        const grown = (1 + Math.sqrt(1 + 4 * clock[n]! * clock[n]!)) / 2;
        factor = (clock[n]! - 1) / grown;
        clock[n] = isUphill ? 1 : grown;
      }
      if (isUphill) factor = 0;
      for (let i = n * size; i < (n + 1) * size; i++) {
        ahead[i] = codes[i]! + factor * (codes[i]! - last[i]!);
      }
    }
  }
}
