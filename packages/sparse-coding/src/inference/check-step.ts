import { callKernel, type HostKernel, registerHostKernel } from "@lab/core/host-kernel";
import * as tf from "@tensorflow/tfjs-core";
import type { MeanWeights } from "./energy.js";
import { canFuse } from "./fused-step.js";

const NAME = "LabSparseCheck";

interface CheckParameters {
  groups: number;
  sparsity: number;
  variance: number;
  threshold: number;
  prediction: number;
}

/**
 * The four terms of the energy, the first without its constant, and the relative change of every row, as one loop: some thirty
 * engine calls otherwise.
 */
const kernel: HostKernel = {
  name: NAME,
  inputs: ["codes", "before", "product", "target", "predicted"],
  outputShapes: ([shape]) => [[4], [shape![0]!]],
  compute(inputs, outputs, shapes, attributes) {
    const [codes, before, product, target, predicted] = inputs as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const [terms, change] = outputs as [Float32Array, Float32Array];
    const [rows, size] = shapes[0] as [number, number];
    const { groups, sparsity, variance, threshold, prediction } = attributes as unknown as CheckParameters;
    const [sum, square] = [new Float64Array(size), new Float64Array(size)];
    let [error, l1, hinge, distance] = [0, 0, 0, 0];
    const count = rows / groups;
    for (let row = 0; row < rows; row++) {
      let [moved, was] = [0, 0];
      const zero = (row - (row % count)) * size;
      for (let j = 0, i = row * size; j < size; j++, i++) {
        const z = codes[i]!;
        error += z * (0.5 * product[i]! - target[i]!);
        l1 += Math.abs(z);
        distance += (z - predicted[i]!) ** 2;
        const old = before[i]!;
        moved += (z - old) * (z - old);
        was += old * old;
        const shifted = z - codes[zero + j]!;
        sum[j]! += shifted;
        square[j]! += shifted * shifted;
      }
      change[row] = Math.sqrt(moved / (was + 1e-20));
      if ((row + 1) % count !== 0 || variance === 0) continue;
      for (let j = 0; j < size; j++) {
        const spread = Math.max(0, square[j]! - (sum[j]! * sum[j]!) / count);
        hinge += Math.max(0, threshold - Math.sqrt(spread / (count - 1))) ** 2;
      }
      sum.fill(0);
      square.fill(0);
    }
    terms.set([error, sparsity * l1, variance * hinge, (prediction / size) * distance]);
  },
};

/** Codes whose energy is asked for, and what belongs to them. */
export interface Checked {
  codes: tf.Tensor2D;
  /** Codes that the change is relative to. */
  before: tf.Tensor2D;
  gram: { matrix: tf.Tensor2D; target: tf.Tensor2D };
  predicted: tf.Tensor2D | undefined;
  /** $\sum_i \lVert y_i \rVert^2 / d$. */
  constant: tf.Scalar;
}

/** Whether the backend can check a step in one loop over its own memory; registers the kernel, once. */
export function canCheck(): boolean {
  if (!canFuse()) return false;
  registerHostKernel(kernel);
  return true;
}

/** `[4 + 1 + N]`: terms, constant, relative changes; runs in a tidy. */
export function checkStep(checked: Checked, w: MeanWeights, groups: number): tf.Tensor1D {
  const { codes, before, gram, constant } = checked;
  const [terms, change] = callKernel(
    NAME,
    {
      ...{ codes, before, product: tf.matMul(codes, gram.matrix), target: gram.target },
      predicted: checked.predicted ?? codes,
    },
    {
      ...{ groups, sparsity: w.sparsity, variance: w.variance, threshold: w.threshold },
      prediction: w.prediction,
    },
  ) as [tf.Tensor, tf.Tensor];
  const scalar = tf.reshape(constant, [1]);
  const first = tf.add(tf.slice(terms, [0], [1]), scalar);
  return tf.concat([first, tf.slice(terms, [1], [3]), scalar, change]) as tf.Tensor1D;
}
