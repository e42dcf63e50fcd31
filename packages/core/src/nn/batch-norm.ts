import * as tf from "@tensorflow/tfjs-core";
import { checkNumber, checkRank, checkShape } from "../check/index.js";
import { ShapeError } from "../errors/index.js";
import {
  batchMoments,
  batchNormGradient,
  batchNormValue,
  registerBatchNormKernels,
} from "./batch-norm-kernels.js";

/** What {@link batchNorm} gives. */
export interface BatchNormResult {
  /** Normalised, scaled and shifted values, the shape of the input. */
  value: tf.Tensor;
  /** Mean of each channel, shape `[channels]`; no gradient passes it. */
  mean: tf.Tensor1D;
  /** Variance of each channel with divisor `n`, shape `[channels]`; no gradient passes it. */
  variance: tf.Tensor1D;
}

/**
 * Normalises each channel by the mean and variance of the batch; channels are the last axis.
 *
 * $y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta$, with the gradient in closed form:
 * $\partial x = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} (\partial y - \overline{\partial y} - \hat x\, \overline{\partial y\, \hat x})$.
 *
 * @param x - Values, shape `[..., channels]`.
 * @param gamma - Scales, shape `[channels]`.
 * @param beta - Shifts, shape `[channels]`.
 * @param epsilon - Added to the variance, above 0; 1e-5 by default.
 * @returns See {@link BatchNormResult}; the tensors belong to the caller.
 * @throws {@link ShapeError} when the shapes do not fit, or a channel has fewer than two values.
 * @remarks One pass for the moments in double precision and one for the values on the backends `wasm` and `cpu`.
 *   Second derivatives are not supported.
 * @see Ioffe, Szegedy (2015), Batch normalization, algorithm 1 and section 3.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { batchNorm } from "@lab/core/nn";
 *
 * await init();
 * const { mean, variance } = batchNorm(tf.tensor2d([[1], [3]]), tf.ones([1]), tf.zeros([1]));
 * [(await mean.data())[0], (await variance.data())[0]]; // => [2, 1]
 * ```
 */
export function batchNorm(
  x: tf.Tensor,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon = 1e-5,
): BatchNormResult {
  checkRank("batchNorm", "x", x, [2, 3, 4, 5]);
  const channels = x.shape.at(-1)!;
  checkShape("batchNorm", "gamma", gamma, [channels]);
  checkShape("batchNorm", "beta", beta, [channels]);
  checkNumber("batchNorm", "epsilon", epsilon, { above: 0 });
  if (x.size / channels < 2) {
    throw new ShapeError(
      `batchNorm: x has shape [${x.shape}], ${x.size / channels} value in each channel; at least 2 were expected`,
      { argument: "x", shape: x.shape },
    );
  }
  registerBatchNormKernels();
  return tf.tidy(() => {
    const flat = tf.reshape(x, [-1, channels]) as tf.Tensor2D;
    const { mean, variance } = batchMoments(flat);
    const inverse = tf.rsqrt(tf.add(variance, epsilon)) as tf.Tensor1D;
    const normalise = tf.customGrad((...parameters: (tf.Tensor | tf.GradSaveFunc)[]) => {
      const save = parameters[3] as tf.GradSaveFunc;
      const [value, scale, shift] = parameters as [tf.Tensor2D, tf.Tensor1D, tf.Tensor1D];
      save([value, scale, mean, inverse]);
      return {
        value: batchNormValue(value, scale, shift, mean, inverse),
        gradFunc: (upstream: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => {
          const dy = (Array.isArray(upstream) ? upstream[0]! : upstream) as tf.Tensor2D;
          const [input, s, m, i] = saved as [tf.Tensor2D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
          const { dx, dGamma, dBeta } = batchNormGradient(dy, input, s, m, i);
          return [dx, dGamma, dBeta];
        },
      };
    });
    return { value: tf.reshape(normalise(flat, gamma, beta), x.shape), mean, variance };
  });
}
