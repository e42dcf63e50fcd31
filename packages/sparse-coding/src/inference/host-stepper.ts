import * as tf from "@tensorflow/tfjs-core";
import { relativeChange } from "../lasso/quadratic.js";
import { SMALLEST_STD } from "../prox/variance-hinge.js";
import { finishStep } from "./finish-step.js";
import type { Setup, Stepper } from "./stepper.js";

/** Numbers of a batch and a linear decoder, read from the device once. */
export interface HostBatch {
  /** Start, `[rows, size]`. */
  codes: Float32Array;
  /** $H = \frac2d D^\top D + \frac{2\gamma}{l} I$, `[size, size]`. */
  matrix: Float32Array;
  /** $B = \frac2d Y D + \frac{2\gamma}{l} Z_e$, `[rows, size]`. */
  target: Float32Array;
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
  private readonly at: Float32Array;
  private readonly ahead: Float32Array;
  private readonly from: Float32Array;
  private readonly tangent: Float32Array;
  private readonly clock: Float32Array;
  private last: Float32Array;
  private next: Float32Array;
  private folded = { step: 0, matrix: new Float32Array(0), offset: new Float32Array(0) };
  private tensor: tf.Tensor2D | undefined;

  constructor(setup: Setup, batch: HostBatch) {
    this.setup = setup;
    this.batch = batch;
    const copy = () => batch.codes.slice();
    [this.at, this.ahead, this.from, this.last, this.next] = [copy(), copy(), copy(), copy(), copy()];
    this.tangent = new Float32Array(setup.isTangent ? batch.codes.length : 0);
    this.clock = new Float32Array(batch.rows).fill(1);
  }

  codes(): tf.Tensor2D {
    // Kept: it outlives the tidy in which it may be asked for.
    this.tensor ??= tf.keep(tf.tensor2d(this.batch.codes.slice(), [this.batch.rows, this.batch.size]));
    return this.tensor;
  }

  change(): tf.Tensor2D {
    const before = this.setup.isTangent ? this.from : this.last;
    const old = tf.tensor2d(before.slice(), [this.batch.rows, this.batch.size]);
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
    const { matrix, target, size } = this.batch;
    const scaled = matrix.map((value) => -step * value);
    for (let j = 0; j < size; j++) scaled[j * size + j]! += 1;
    this.folded = { step, matrix: scaled, offset: target.map((value) => step * value) };
  }

  private takeTangent(): void {
    const { codes, size, rows } = this.batch;
    const { w, groups } = this.setup;
    const count = rows / groups;
    this.from.set(codes);
    for (let first = 0; first < rows; first += count) {
      for (let j = 0; j < size; j++) {
        let [mean, square] = [0, 0];
        for (let n = first; n < first + count; n++) mean += codes[n * size + j]! / count;
        for (let n = first; n < first + count; n++) square += (codes[n * size + j]! - mean) ** 2;
        const std = Math.sqrt(square / (count - 1));
        const ratio = std > SMALLEST_STD ? Math.max(std, w.threshold) / std : 0;
        const factor = ((2 * w.variance) / (count - 1)) * ratio;
        for (let n = first; n < first + count; n++) {
          this.tangent[n * size + j] = factor * (codes[n * size + j]! - mean);
        }
      }
    }
  }

  private iterate(step: number): void {
    const { setup, batch } = this;
    const { w, groups, positive, restart } = setup;
    const { rows, size } = batch;
    this.descend();
    const swap = this.next;
    finishStep(
      {
        ...{ rows, size, groups, positive, restart },
        shrink: step * w.sparsity,
        hinge: w.variance > 0 ? (2 * w.variance * step) / (rows / groups - 1) : 0,
        threshold: w.threshold,
        tangentStep: setup.isTangent ? step : 0,
        momentum: setup.momentum(step) ?? -1,
      },
      {
        ...{ at: this.at, offset: this.folded.offset, tangent: this.tangent },
        ...{ ahead: this.ahead, codes: batch.codes, clock: this.clock },
        ...{ nextCodes: swap, nextAhead: this.ahead, nextClock: this.clock },
      },
    );
    this.next = this.last;
    this.last = batch.codes;
    batch.codes = swap;
  }

  /** Rows of `ahead` times $I - \eta H$; zeros cost nothing. */
  private descend(): void {
    const { at, ahead } = this;
    const { matrix } = this.folded;
    const { rows, size } = this.batch;
    at.fill(0);
    for (let n = 0; n < rows; n++) {
      const from = n * size;
      for (let k = 0; k < size; k++) {
        const value = ahead[from + k]!;
        if (value === 0) continue;
        const line = k * size;
        for (let j = 0; j < size; j++) at[from + j]! += value * matrix[line + j]!;
      }
    }
  }
}
