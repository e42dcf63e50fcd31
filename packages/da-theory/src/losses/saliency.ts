import { checkInteger, tidyAsync } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { augmentedMoments, imageShapeOf } from "../moments/augmented-moments.js";
import type { RandomTransform } from "../transforms/transform.js";
import {
  checkHead,
  forward,
  type Head,
  isHead,
  lossFunction,
  type Model,
  numOutputsOf,
  targetOf,
} from "./model.js";
import type { LossMomentsOptions } from "./output-moments.js";

/** Options of {@link saliencyAlignment}. */
export interface SaliencyAlignmentOptions extends LossMomentsOptions {
  /** Leading eigenvectors of which the share is reported; 0 for none. @defaultValue 8 */
  numDirections?: number;
}

/** How the gradient of a loss lies in the covariance of the augmentation. */
export interface SaliencyAlignment {
  /** `gᵀΣg / (‖g‖² trΣ / D)`: 1 is indifferent, far below 1 stable, far above 1 unstable under the augmentation. */
  ratio: number;
  /** Share of `‖g‖²` along each leading eigenvector, and what is left as the last entry. */
  energy: Float64Array;
  /** `√(gᵀΣg)`: standard deviation of the loss to first order. */
  predictedSd: number;
}

/**
 * Alignment of a loss's gradient at the mean image with the covariance of the augmentation.
 *
 * $\mathrm{Var}\,\ell \approx g^\top \Sigma g$ with $g = \nabla_x \ell(\mu)$: for a given norm least along the smallest eigenvectors of $\Sigma$.
 *
 * @param model - A network or a linear head.
 * @param image - Shape `[height, width, channels]`.
 * @param label - Class, or target `[K]`.
 * @param t - The transform.
 * @param options - See {@link SaliencyAlignmentOptions}.
 * @throws {@link ShapeError}, {@link ArgumentError} when arguments do not fit.
 * @remarks A first-order statement: compare `predictedSd` with the standard deviation of {@link lossMoments} before relying on
 *   it. $\Sigma$ is singular by construction.
 * @see Balestriero, Misra, LeCun (2022), A Data-Augmentation Is Worth A Thousand Samples, section 5.
 */
export async function saliencyAlignment(
  model: Model | Head,
  image: tf.Tensor3D,
  label: number | tf.Tensor1D,
  t: RandomTransform,
  options: SaliencyAlignmentOptions = {},
): Promise<SaliencyAlignment> {
  const shape = imageShapeOf("saliencyAlignment", image);
  const numDirections = checkInteger("saliencyAlignment", "numDirections", options.numDirections ?? 8, {
    min: 0,
  });
  const out = t.outputShape(shape);
  if (isHead(model)) checkHead("saliencyAlignment", model, out[0] * out[1] * out[2]);
  const lossOf = lossFunction("saliencyAlignment", options.loss ?? "crossEntropy");
  const m = await augmentedMoments(image, t, options);
  try {
    return await tidyAsync(async (track) => {
      const target = track(targetOf("saliencyAlignment", label, numOutputsOf(model, out)));
      const gradient = track(
        tf.tidy(() =>
          tf.grad((x) => tf.sum(lossOf(forward(model, tf.expandDims(x, 0) as tf.Tensor4D), target)))(m.mean),
        ),
      );
      const size = m.covariance.size;
      const variance = Math.max(0, await m.covariance.quadraticForm(gradient));
      const g = await gradient.data();
      let norm = 0;
      for (const value of g) norm += value * value;
      const trace = await m.covariance.trace();
      const k = Math.min(numDirections, size);
      const energy = new Float64Array(k + 1);
      if (k > 0 && norm > 0) {
        const { images } = await m.covariance.topEigenpairs(k, options);
        const vectors = await track(images).data();
        for (let i = 0; i < k; i++) {
          let along = 0;
          for (let x = 0; x < size; x++) along += vectors[i * size + x]! * g[x]!;
          energy[i] = (along * along) / norm;
        }
      }
      energy[k] = norm > 0 ? Math.max(0, 1 - energy.reduce((sum, share) => sum + share, 0)) : 0;
      return {
        ratio: norm === 0 || trace === 0 ? Number.NaN : variance / ((norm * trace) / size),
        energy,
        predictedSd: Math.sqrt(variance),
      };
    });
  } finally {
    m.dispose();
  }
}
