import * as tf from "@tensorflow/tfjs-core";
import { symmetrized, triangleMask } from "../matrix-ops.js";
import { runKernel } from "../run-kernel.js";
import { connectedOutputs } from "./saved-outputs.js";

const solveWith = (l: tf.Tensor, b: tf.Tensor, lower: boolean, transpose: boolean) =>
  runKernel("triangularSolve", "LabTriangularSolve", { l, b }, { lower, transpose })[0]!;

/**
 * $\bar A = \tfrac12 (S + S^T)$, $S = L^{-T} \Phi(L^T \bar L) L^{-1}$, Φ the lower triangle with half its diagonal.
 */
export const choleskyGradient: tf.GradConfig = {
  kernelName: "LabCholesky",
  inputsToSave: ["a"],
  outputsToSave: [true],
  gradFunc: (dl, saved) => ({
    a: () => {
      const [a, output] = saved as [tf.Tensor, tf.Tensor];
      const l = connectedOutputs("LabCholesky", { a }, [output])[0]!;
      const n = a.shape.at(-1)!;
      const lower = triangleMask(n, n, (i, j) => (i >= j ? 1 : 0));
      const half = triangleMask(n, n, (i, j) => (i > j ? 1 : i === j ? 0.5 : 0));
      const middle = tf.mul(tf.matMul(l, tf.mul(dl as tf.Tensor, lower), true), half);
      // S = L⁻ᵀ M L⁻¹; Sᵀ = L⁻ᵀ (L⁻ᵀ M)ᵀ, so two solves from the left are enough.
      const left = solveWith(l, middle, true, true);
      const turned = left.shape.map((_, axis) => axis);
      turned.push(...turned.splice(-2).reverse());
      return symmetrized(solveWith(l, tf.transpose(left, turned), true, true));
    },
  }),
};

/** $\bar B = L^{-T} \bar X$, $\bar L = -\mathrm{tril}(\bar B X^T)$, and their mirror images. */
export const triangularSolveGradient: tf.GradConfig = {
  kernelName: "LabTriangularSolve",
  inputsToSave: ["l", "b"],
  outputsToSave: [true],
  gradFunc: (dx, saved, attrs) => {
    const [l, b, output] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const { lower, transpose } = attrs as unknown as { lower: boolean; transpose: boolean };
    const right = () => solveWith(l, dx as tf.Tensor, lower, !transpose);
    return {
      b: right,
      l: () => {
        const x = connectedOutputs("LabTriangularSolve", { l, b }, [output], { lower, transpose })[0]!;
        const db = right();
        const product = transpose ? tf.matMul(x, db, false, true) : tf.matMul(db, x, false, true);
        const n = l.shape.at(-1)!;
        return tf.mul(
          product,
          triangleMask(n, n, (i, j) => ((lower ? i >= j : i <= j) ? -1 : 0)),
        );
      },
    };
  },
};
