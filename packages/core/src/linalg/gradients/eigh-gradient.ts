import * as tf from "@tensorflow/tfjs-core";
import { scaleColumns, symmetrized } from "../matrix-ops.js";
import { runKernel } from "../run-kernel.js";
import { broadenedGaps, broadeningWidth } from "./broadened-inverse.js";
import { connectedOutputs } from "./saved-outputs.js";

/** $\bar A = V (\mathrm{diag}\,\bar\lambda + F \circ V^T \bar V) V^T$, symmetrised, $F_{ij} = 1/(\lambda_j - \lambda_i)$ broadened. */
export const eighGradient: tf.GradConfig = {
  kernelName: "LabEigh",
  inputsToSave: ["a"],
  outputsToSave: [true, true],
  gradFunc: (dy, saved, attrs) => ({
    a: () => {
      const [a, ...outputs] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const broadening = (attrs as unknown as { broadening: number }).broadening;
      const [values, vectors] = connectedOutputs("LabEigh", { a }, outputs, { broadening }) as tf.Tensor[];
      const [dValues, dVectors] = dy as unknown as [tf.Tensor, tf.Tensor];
      const f = broadenedGaps(values!, broadeningWidth(values!, broadening));
      const turning = tf.matMul(vectors!, tf.mul(f, tf.matMul(vectors!, dVectors, true)));
      const inner = tf.add(scaleColumns(vectors!, dValues), turning);
      return symmetrized(tf.matMul(inner, vectors!, false, true));
    },
  }),
};

/** $\bar A = V \mathrm{diag}(\bar\lambda) V^T$; the vectors are computed when the gradient is. */
export const eigvalshGradient: tf.GradConfig = {
  kernelName: "LabEigvalsh",
  inputsToSave: ["a"],
  gradFunc: (dValues, saved, attrs) => ({
    a: () => {
      const [a] = saved as [tf.Tensor];
      const broadening = (attrs as unknown as { broadening: number }).broadening;
      const vectors = runKernel("eigvalsh", "LabEigh", { a }, { broadening })[1]!;
      return symmetrized(tf.matMul(scaleColumns(vectors, dValues as tf.Tensor), vectors, false, true));
    },
  }),
};
