import * as tf from "@tensorflow/tfjs-core";
import { relativeChange } from "../lasso/quadratic.js";
import { softThreshold } from "../prox/soft-threshold.js";
import { SMALLEST_STD } from "../prox/variance-hinge.js";
import { canFuse, fusedStep } from "./fused-step.js";
import type { Setup } from "./setup.js";
import { sparseProduct } from "./sparse-product.js";

/** State of the iteration; tensors are replaced one by one. */
type Iterate = {
  codes: tf.Tensor2D;
  ahead: tf.Tensor2D;
  /** Counter of the classical momentum: of each row `[N]` where steps are fused, else of each group or row `[M, 1 or n, 1]`. */
  clock: tf.Tensor;
  /** Codes before the last iteration. */
  last: tf.Tensor2D;
};

type Folded = {
  step: number;
  matrix: tf.Tensor2D;
  offset: tf.Tensor2D;
};

interface Moments {
  centred: tf.Tensor3D;
  std: tf.Tensor3D;
}

/** Iterations on the device: products with the Gram matrix for a linear decoder, its gradient for another. */
export class DeviceStepper {
  private readonly setup: Setup;
  private readonly ones: tf.Tensor3D;
  private readonly none: tf.Tensor1D;
  private readonly isFused = canFuse();
  private state: Iterate;
  private folded: Folded | undefined;
  private fixed: { tangent: tf.Tensor2D; from: tf.Tensor2D } | undefined;

  constructor(setup: Setup, start: tf.Tensor2D) {
    this.setup = setup;
    const [groups, rows] = [setup.groups, start.shape[0]];
    this.ones = tf.ones([groups, 1, rows / groups]) as tf.Tensor3D;
    this.none = tf.tensor1d([], "float32");
    this.state = {
      codes: tf.clone(start),
      ahead: tf.clone(start),
      clock: tf.ones(this.isFused ? [rows] : [groups, 1, 1]),
      last: tf.clone(start),
    };
  }

  /** The codes, `[N, l]`; they belong to the stepper. */
  codes(): tf.Tensor2D {
    return this.state.codes;
  }

  /** Codes that the change is relative to: before the last iteration, or where the tangent was taken. */
  before(): tf.Tensor2D {
    return this.fixed?.from ?? this.state.last;
  }

  /** Relative change of each row, `[N, 1]`. Runs in a tidy. */
  change(): tf.Tensor2D {
    const before = this.before();
    return relativeChange(tf.sub(this.state.codes, before), before);
  }

  /** Forgets the momentum. */
  restart(): void {
    const { codes, ahead, clock, last } = this.state;
    this.state = { codes, ahead: tf.clone(codes), clock: tf.onesLike(clock), last };
    tf.dispose([ahead, clock]);
  }

  /** Does some iterations with a step; with `isTangent` the tangent is taken at the codes before them. */
  advance(count: number, step: number): void {
    if (this.setup.prepared.gram && this.folded?.step !== step) {
      this.freeFolded();
      this.folded = tf.tidy(() => this.fold(step)) as Folded;
    }
    if (this.setup.isTangent) {
      if (this.fixed) tf.dispose([this.fixed.tangent, this.fixed.from]);
      const { codes } = this.state;
      this.fixed = { tangent: tf.tidy(() => this.tangent(codes)), from: tf.clone(codes) };
    }
    for (let i = 0; i < count; i++) this.state = this.iterate(step);
  }

  dispose(): void {
    tf.dispose([this.ones, this.none, ...Object.values(this.state)]);
    if (this.fixed) tf.dispose([this.fixed.tangent, this.fixed.from]);
    this.freeFolded();
  }

  private freeFolded(): void {
    if (this.folded) tf.dispose([this.folded.matrix, this.folded.offset]);
  }

  /** $I - \eta H$ and $\eta B - \eta\lambda$ of the quadratic part, so that an iteration needs one product and one sum. */
  private fold(step: number): Folded {
    const { prepared, w, predicted, positive } = this.setup;
    const { matrix, target } = prepared.gram!;
    const ridge = (2 * w.prediction) / matrix.shape[0];
    const identity = tf.eye(matrix.shape[0], matrix.shape[0]);
    const pulled = ridge > 0 && predicted ? tf.add(target, tf.mul(predicted, ridge)) : target;
    return {
      step,
      matrix: tf.sub(tf.mul(identity, 1 - step * ridge), tf.mul(matrix, step)) as tf.Tensor2D,
      // The offset of non-negative codes holds the shrinkage, unless a fused step does it.
      offset: tf.sub(tf.mul(pulled, step), positive && !this.isFused ? step * w.sparsity : 0) as tf.Tensor2D,
    };
  }

  /** Sums within groups of rows, `[M, 1, l]`, by a product with ones: faster than a reduction on wasm. */
  private moments(codes: tf.Tensor2D): Moments {
    const size = codes.shape[0] / this.setup.groups;
    const grouped = tf.reshape(codes, [this.setup.groups, size, codes.shape[1]]) as tf.Tensor3D;
    const sums = (x: tf.Tensor) => tf.matMul(this.ones, x as tf.Tensor3D) as tf.Tensor3D;
    const centred = tf.sub(grouped, tf.div(sums(grouped), size)) as tf.Tensor3D;
    const variance = tf.div(sums(tf.square(centred)), size - 1);
    return { centred, std: tf.sqrt(variance) as tf.Tensor3D };
  }

  /** What the hinge adds to a gradient step of length `step`. */
  private hinge(at: tf.Tensor2D, step: number): tf.Tensor {
    const { w } = this.setup;
    const { centred, std } = this.moments(at);
    const scale = (2 * w.variance * step) / (centred.shape[1] - 1);
    return tf.reshape(
      tf.mul(centred, tf.mul(pullOf(tf.relu(tf.sub(w.threshold, std)), std), scale)),
      at.shape,
    );
  }

  /** Tangent of the concave part of the hinge at some codes, as the constant part of a gradient. */
  private tangent(codes: tf.Tensor2D): tf.Tensor2D {
    const { w } = this.setup;
    const { centred, std } = this.moments(codes);
    const scale = (2 * w.variance) / (centred.shape[1] - 1);
    const ratio = pullOf(tf.maximum(std, w.threshold), std);
    return tf.reshape(tf.mul(tf.mul(centred, ratio), scale), codes.shape) as tf.Tensor2D;
  }

  private iterate(step: number): Iterate {
    return this.isFused ? this.iterateFused(step) : this.iterateByCalls(step);
  }

  /** One iteration whose end is a single kernel; frees what it replaces. */
  private iterateFused(step: number): Iterate {
    const { setup, state: old, none, folded, fixed } = this;
    const { w, positive, groups, restart } = setup;
    const [rows, size] = old.codes.shape;
    const [codes, ahead, clock] = tf.tidy(() => {
      const at = folded ? sparseProduct(old.ahead, folded.matrix) : this.smoothStep(old.ahead, step);
      const offset = folded?.offset ?? none;
      const tangent = fixed?.tangent ?? none;
      const inputs = { at, offset, tangent, ahead: old.ahead, codes: old.codes, clock: old.clock };
      return fusedStep(inputs, {
        ...{ rows, size, groups, positive, restart },
        shrink: step * w.sparsity,
        hinge: w.variance > 0 ? (2 * w.variance * step) / (rows / groups - 1) : 0,
        threshold: w.threshold,
        tangentStep: fixed ? step : 0,
        momentum: setup.momentum(step) ?? -1,
      });
    });
    tf.dispose([old.last, old.ahead, old.clock]);
    return { codes, ahead, clock, last: old.codes };
  }

  /** A gradient step on error and prediction term. */
  private smoothStep(ahead: tf.Tensor2D, step: number): tf.Tensor2D {
    const { prepared, w, predicted } = this.setup;
    const at = tf.sub(ahead, tf.mul(prepared.gradient(ahead), step));
    if (w.prediction === 0 || !predicted) return at as tf.Tensor2D;
    const pull = (2 * w.prediction * step) / predicted.shape[1];
    return tf.sub(at, tf.mul(tf.sub(ahead, predicted), pull)) as tf.Tensor2D;
  }

  /** One iteration by the engine's own kernels; frees what it replaces. */
  private iterateByCalls(step: number): Iterate {
    const { setup, state: old } = this;
    const { w, positive, groups } = setup;
    const next = tf.tidy(() => {
      const { at, shrink } = this.descend(old.ahead, step);
      const codes = (
        shrink === 0 && positive ? tf.relu(at) : softThreshold(at, shrink, { positive })
      ) as tf.Tensor2D;
      const momentum = setup.momentum(step);
      const clock = tf.clone(old.clock) as tf.Tensor3D;
      if (momentum === 0) return { codes, ahead: tf.clone(codes), clock };
      const [rows, l] = codes.shape;
      const moved = tf.reshape(tf.sub(codes, old.codes), [groups, rows / groups, l]);
      let keep: tf.Tensor | undefined;
      if (setup.restart) {
        const back = tf.reshape(tf.sub(old.ahead, codes), moved.shape);
        // With a variance term rows depend on each other, so a batch restarts as one; without, each row by itself.
        const axes = w.variance > 0 ? [1, 2] : [2];
        keep = tf.sub(1, tf.step(tf.sum(tf.mul(back, moved), axes, true)));
      }
      const { factor, counted } = advanceClock(clock, momentum, keep);
      const ahead = tf.add(codes, tf.reshape(tf.mul(moved, factor), codes.shape));
      return { codes, ahead: ahead as tf.Tensor2D, clock: counted };
    });
    tf.dispose([old.last, old.ahead, old.clock]);
    return { ...next, last: old.codes };
  }

  /** The point after a gradient step, and what is left to shrink by. */
  private descend(ahead: tf.Tensor2D, step: number): { at: tf.Tensor; shrink: number } {
    const { w, positive } = this.setup;
    let [at, shrink]: [tf.Tensor, number] = [ahead, step * w.sparsity];
    if (this.folded) {
      at = tf.add(tf.matMul(ahead, this.folded.matrix), this.folded.offset);
      if (positive) shrink = 0;
    } else at = this.smoothStep(ahead, step);
    if (this.fixed) {
      const { centred } = this.moments(ahead);
      const quadratic = tf.mul(centred, (2 * w.variance * step) / (centred.shape[1] - 1));
      at = tf.add(tf.sub(at, tf.reshape(quadratic, at.shape)), tf.mul(this.fixed.tangent, step));
    } else if (w.variance > 0) at = tf.add(at, this.hinge(ahead, step));
    return { at, shrink };
  }
}

/** A quantity over the deviation, 0 for a constant column. */
function pullOf(value: tf.Tensor, std: tf.Tensor): tf.Tensor {
  const isAlive = tf.cast(tf.greater(std, SMALLEST_STD), "float32");
  return tf.mul(tf.div(value, tf.add(std, SMALLEST_STD)), isAlive);
}

/** Factor of the momentum and the clock afterwards. */
function advanceClock(clock: tf.Tensor3D, momentum: number | undefined, keep: tf.Tensor | undefined) {
  if (momentum !== undefined) {
    return { factor: keep ? tf.mul(keep, momentum) : tf.fill([1, 1, 1], momentum), counted: clock };
  }
  const grown = tf.mul(tf.add(1, tf.sqrt(tf.add(1, tf.mul(4, tf.square(clock))))), 0.5);
  const factor = tf.div(tf.sub(clock, 1), grown);
  if (!keep) return { factor, counted: grown as tf.Tensor3D };
  return {
    factor: tf.mul(factor, keep),
    counted: tf.add(tf.mul(tf.sub(grown, 1), keep), 1) as tf.Tensor3D,
  };
}
