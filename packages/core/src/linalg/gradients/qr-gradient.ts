import * as tf from "@tensorflow/tfjs-core";
import { transposed, triangleMask } from "../matrix-ops.js";
import { runKernel } from "../run-kernel.js";
import { connectedOutputs } from "./saved-outputs.js";

/**
 * For m ≥ n, $\bar A = (\bar Q + Q\,C(M)) R^{-T}$ with $M = R \bar R^T - \bar Q^T Q$ and C the copy of the lower triangle to
 * the upper one. Wide matrices never reach this kernel with a gradient; see `qr`.
 *
 * @see Walter, Lehmann (2018), Algorithmic differentiation of linear algebra functions, section 2.
 */
export const qrGradient: tf.GradConfig = {
  kernelName: "LabQr",
  inputsToSave: ["a"],
  outputsToSave: [true, true],
  gradFunc: (dy, saved) => ({
    a: () => {
      const [a, ...outputs] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const [q, r] = connectedOutputs("LabQr", { a }, outputs) as [tf.Tensor, tf.Tensor];
      const [dq, dr] = dy as unknown as [tf.Tensor, tf.Tensor];
      const n = a.shape.at(-1)!;
      const upper = triangleMask(n, n, (i, j) => (i <= j ? 1 : 0));
      const m = tf.sub(tf.matMul(r, tf.mul(dr, upper), false, true), tf.matMul(dq, q, true));
      const strict = tf.mul(
        m,
        triangleMask(n, n, (i, j) => (i > j ? 1 : 0)),
      );
      const diagonal = tf.mul(
        m,
        triangleMask(n, n, (i, j) => (i === j ? 1 : 0)),
      );
      const copied = tf.add(tf.add(strict, transposed(strict)), diagonal);
      const b = transposed(tf.add(dq, tf.matMul(q, copied)));
      const x = runKernel("qr", "LabTriangularSolve", { l: r, b }, { lower: false, transpose: false })[0]!;
      return transposed(x);
    },
  }),
};
