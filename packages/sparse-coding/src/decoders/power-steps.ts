import { callKernel, type HostKernel, hasHostKernel, registerHostKernel } from "@lab/core/host-kernel";
import type * as tf from "@tensorflow/tfjs-core";
import { powerStep } from "./spectral-norm.js";

const NAME = "LabPowerSteps";
/** Larger matrices are multiplied faster by the engine. */
const LARGEST = 256;

/** Products and normalisations in one loop: a hundred engine calls with small vectors otherwise. */
const kernel: HostKernel = {
  name: NAME,
  inputs: ["gram", "vector"],
  outputShapes: ([, vector]) => [vector!, []],
  compute([gram, start], [vector, value], [shape], attributes) {
    const size = shape![0]!;
    const at = Float64Array.from(start!);
    const product = new Float64Array(size);
    let norm = 0;
    for (let step = 0; step < (attributes.steps as number); step++) {
      let sum = 0;
      for (let i = 0, row = 0; i < size; i++, row += size) {
        let value = 0;
        for (let j = 0; j < size; j++) value += gram![row + j]! * at[j]!;
        product[i] = value;
        sum += product[i]! * product[i]!;
      }
      norm = Math.sqrt(sum);
      for (let i = 0; i < size; i++) at[i] = product[i]! / (norm + 1e-30);
    }
    vector!.set(at);
    value![0] = norm;
  },
};

/** Some steps of the power iteration on a symmetric matrix from a unit vector `[n,1]`; runs in a tidy. */
export function powerSteps(
  gram: tf.Tensor2D,
  vector: tf.Tensor2D,
  steps: number,
): { vector: tf.Tensor2D; value: tf.Scalar } {
  if (gram.shape[0] <= LARGEST) {
    registerHostKernel(kernel);
    if (hasHostKernel(NAME)) {
      const [end, value] = callKernel(NAME, { gram, vector }, { steps });
      return { vector: end as tf.Tensor2D, value: value as tf.Scalar };
    }
  }
  let step = powerStep(gram, vector);
  for (let i = 1; i < steps; i++) step = powerStep(gram, step.vector);
  return step;
}
