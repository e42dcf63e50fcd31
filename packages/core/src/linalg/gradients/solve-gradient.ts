import * as tf from "@tensorflow/tfjs-core";
import { identity, transposed } from "../matrix-ops.js";
import { runKernel } from "../run-kernel.js";
import { connectedOutputs } from "./saved-outputs.js";

/** $\bar B = A^{-T} \bar X$, $\bar A = -\bar B X^T$. */
export const solveGradient: tf.GradConfig = {
  kernelName: "LabSolve",
  inputsToSave: ["a", "b"],
  outputsToSave: [true],
  gradFunc: (dx, saved) => {
    const [a, b, output] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const right = () => runKernel("solve", "LabSolve", { a: transposed(a), b: dx as tf.Tensor })[0]!;
    return {
      b: right,
      a: () => {
        const x = connectedOutputs("LabSolve", { a, b }, [output])[0]!;
        return tf.neg(tf.matMul(right(), x, false, true));
      },
    };
  },
};

/** $\overline{\log|\det A|}$ goes to $A^{-T}$; the sign has no gradient. */
export const slogdetGradient: tf.GradConfig = {
  kernelName: "LabSlogdet",
  inputsToSave: ["a"],
  gradFunc: (dy, saved) => ({
    a: () => {
      const [a] = saved as [tf.Tensor];
      const [, dLogAbs] = dy as unknown as [tf.Tensor, tf.Tensor];
      const eye = tf.broadcastTo(identity(a.shape.at(-1)!), a.shape);
      const inverse = runKernel("slogdet", "LabSolve", { a: transposed(a), b: eye })[0]!;
      return tf.mul(tf.expandDims(tf.expandDims(dLogAbs, -1), -1), inverse);
    },
  }),
};
