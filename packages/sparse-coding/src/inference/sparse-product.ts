import { callKernel, type HostKernel, registerHostKernel } from "@lab/core/host-kernel";
import * as tf from "@tensorflow/tfjs-core";

const NAME = "LabSparseProduct";

const kernel: HostKernel = {
  name: NAME,
  inputs: ["a", "b"],
  outputShapes: ([a, b]) => [[a![0]!, b![1]!]],
  compute([a, b], [out], [shape, other]) {
    const [rows, inner] = shape as [number, number];
    const columns = other![1]!;
    out!.fill(0);
    for (let n = 0; n < rows; n++) {
      const to = n * columns;
      for (let k = 0; k < inner; k++) {
        const value = a![n * inner + k]!;
        if (value === 0) continue;
        const line = k * columns;
        for (let j = 0; j < columns; j++) out![to + j]! += value * b![line + j]!;
      }
    }
  },
};

/** A product with codes on the left; on the plain JavaScript backend zeros cost nothing. Runs in a tidy. */
export function sparseProduct(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  if (tf.getBackend() !== "cpu") return tf.matMul(a, b);
  registerHostKernel(kernel);
  return callKernel(NAME, { a, b })[0] as tf.Tensor2D;
}
