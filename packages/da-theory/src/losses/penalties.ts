import { ArgumentError, checkChoice, checkInteger, checkNumber, formatShape, ShapeError } from "@lab/core";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { lawMoments } from "../distribution/law.js";
import { batchShapeOf } from "../moments/augmented-moments.js";
import type { RandomTransform } from "../transforms/transform.js";
import { forward, type Model } from "./model.js";

/** Options of {@link augmentationPenalty}. */
export interface AugmentationPenaltyOptions {
  /** The loss whose curvature weights the outputs. */
  loss: "crossEntropy" | "squared";
  /** Rademacher probes. @defaultValue 1 */
  probes?: number;
  /** Step `ε` of the symmetric difference, in standard deviations of the augmentation. @defaultValue 0.01 */
  step?: number;
  /** Source of the probes. */
  generator: Generator;
}

/**
 * Second-order part of the expected loss at the mean image (Gauss–Newton); differentiable in the weights.
 *
 * $\tfrac12 \mathrm{tr}(H J \Sigma J^\top)$ with $H = \mathrm{diag}\,p - pp^\top$ or $2I$. One probe $a = A^\top \xi$ has $E aa^\top = \Sigma$, and
 * $Ja \approx (f(\mu + \varepsilon a) - f(\mu - \varepsilon a)) / 2\varepsilon$: two forward passes.
 *
 * @param model - A network.
 * @param batch - Means `[N, height, width, channels]` and factors `[N, Q, D]`, see {@link augmentationFactors}.
 * @param options - See {@link AugmentationPenaltyOptions}.
 * @returns Mean over the batch, shape `[]`; add it to the loss at the mean images.
 * @throws {@link ShapeError}, {@link ArgumentError} when arguments do not fit.
 * @remarks Not the whole loss: only its second order.
 * @see Balestriero, Misra, LeCun (2022), A Data-Augmentation Is Worth A Thousand Samples, section 4.
 */
export function augmentationPenalty(
  model: Model,
  batch: { mean: tf.Tensor4D; factors: tf.Tensor3D },
  options: AugmentationPenaltyOptions,
): tf.Scalar {
  const shape = batchShapeOf("augmentationPenalty", batch.mean);
  const { mean, factors } = batch;
  const [count, numNodes, size] = [mean.shape[0], factors.shape[1]!, shape[0] * shape[1] * shape[2]];
  if (factors.rank !== 3 || factors.shape[0] !== count || factors.shape[2] !== size) {
    throw new ShapeError(
      `augmentationPenalty: factors has shape ${formatShape(factors.shape)}; [${count},Q,${size}] was expected`,
      {
        argument: "factors",
        shape: factors.shape,
      },
    );
  }
  const loss = checkChoice("augmentationPenalty", "loss", options.loss, ["crossEntropy", "squared"]);
  const probes = checkInteger("augmentationPenalty", "probes", options.probes ?? 1, { min: 1 });
  const step = checkNumber("augmentationPenalty", "step", options.step ?? 0.01, { above: 0 });
  return tf.tidy(() => {
    const signs = tf.sub(tf.mul(options.generator.bernoulli([count, probes, numNodes], 0.5), 2), 1);
    // [N, probes, D], probes of one image side by side.
    const moves = tf.reshape(tf.matMul(signs as tf.Tensor3D, factors), [count * probes, ...shape]);
    const centres = probes === 1 ? mean : tf.reshape(tf.tile(mean, [1, probes, 1, 1]), moves.shape);
    const difference = tf.mul(moves, step);
    const both = tf.concat([tf.add(centres, difference), tf.sub(centres, difference)]) as tf.Tensor4D;
    const [above, below] = tf.split(forward(model, both), 2) as [tf.Tensor2D, tf.Tensor2D];
    const change = tf.div(tf.sub(above, below), 2 * step);
    if (loss === "squared") return tf.mean(tf.sum(tf.square(change), 1)) as tf.Scalar;
    // The middle of both outputs is the output at the mean, to the second order of the step.
    const p = tf.softmax(tf.div(tf.add(above, below), 2));
    const first = tf.sum(tf.mul(p, change), 1, true);
    const variance = tf.sum(tf.mul(p, tf.square(tf.sub(change, first))), 1);
    return tf.div(tf.mean(variance), 2) as tf.Scalar;
  });
}

/** Options of {@link tangentPenalty}. */
export interface TangentPenaltyOptions {
  /** Half width of the central difference, in standard deviations of the parameter. @defaultValue 0.1 */
  step?: number;
}

/**
 * TangentProp: how far outputs move along each parameter of the transform; differentiable in the weights.
 *
 * $\sum_k \mathrm{var}(\theta_k)\,\lVert J \tau_k \rVert^2$, with $J\tau_k$ the central difference of $f(T_\theta(x))$ at the mean parameters.
 *
 * @param model - A network.
 * @param images - Shape `[N, height, width, channels]`.
 * @param t - A transform with one parameter for each law (no noise, mask, or torchvision crop).
 * @param options - See {@link TangentPenaltyOptions}.
 * @returns Mean over the batch, shape `[]`.
 * @throws {@link ShapeError}, {@link ArgumentError} when arguments do not fit.
 * @remarks Bilinear interpolation has a kink at whole pixels: where translations reach it, this is not the small-augmentation limit of
 *   the covariance, which has a second direction of the same order.
 * @see Simard, Victorri, LeCun, Denker (1991), Tangent Prop.
 */
export function tangentPenalty(
  model: Model,
  images: tf.Tensor4D,
  t: RandomTransform,
  options: TangentPenaltyOptions = {},
): tf.Scalar {
  const shape = batchShapeOf("tangentPenalty", images);
  const step = checkNumber("tangentPenalty", "step", options.step ?? 0.1, { above: 0 });
  const laws = Object.values(t.parameters).map(lawMoments);
  if (t.numParameters(shape) !== laws.length) {
    throw new ArgumentError(
      `tangentPenalty: ${t.name} has ${t.numParameters(shape)} parameters and ${laws.length} laws; a transform with one for each was expected`,
      {
        argument: "t",
        value: t.name,
      },
    );
  }
  const count = images.shape[0];
  return tf.tidy(() => {
    const terms: tf.Tensor[] = [];
    for (const [k, { variance }] of laws.entries()) {
      if (variance === 0) continue;
      const half = step * Math.sqrt(variance);
      const at = (sign: 1 | -1) => {
        const row = laws.map(({ mean }, l) => mean + (l === k ? sign * half : 0));
        return t.apply(images, tf.tile(tf.tensor2d(row, [1, row.length]), [count, 1]));
      };
      const both = tf.concat([at(1), at(-1)]) as tf.Tensor4D;
      const [above, below] = tf.split(forward(model, both), 2) as [tf.Tensor2D, tf.Tensor2D];
      const change = tf.div(tf.sub(above, below), 2 * half);
      terms.push(tf.mul(tf.mean(tf.sum(tf.square(change), 1)), variance));
    }
    return (terms.length === 0 ? tf.scalar(0) : tf.addN(terms)) as tf.Scalar;
  });
}
