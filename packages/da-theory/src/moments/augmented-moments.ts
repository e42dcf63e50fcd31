import { formatShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { ErrorReport, RuleOptions } from "../rules/rule.js";
import { checkRuleOptions, type ImageShape, type RandomTransform } from "../transforms/transform.js";
import { fourthMoment, projected } from "./augmented-moments-host.js";
import { type CovarianceOperator, operatorOfMoments } from "./covariance-operator.js";
import { momentsOfImage } from "./host-moments.js";

/** Mean and covariance of a transformed image. */
export interface AugmentedMoments {
  /** Mean image, `[height, width, channels]`. */
  mean: tf.Tensor3D;
  /** Covariance. */
  covariance: CovarianceOperator;
  /** How the expectation was taken, and with which error. */
  error: ErrorReport;
  /** `E‖T - μ‖⁴`, by the transform's own rule; exact where the rule is. */
  fourthMoment(): Promise<number>;
  /**
   * Linear outputs of the nodes of the transform's rule, `W T_q`, `[Q, K]` row by row, with the nodes' weights; undefined where only a
   * lattice serves.
   *
   * @param weights - `W`, shape `[K, D]`.
   */
  project(weights: tf.Tensor2D): Promise<NodeOutputs | undefined>;
  /** Frees the tensors. */
  dispose(): void;
}

/** Linear outputs of nodes. */
export interface NodeOutputs {
  /** `[Q, K]` row by row. */
  values: Float64Array;
  /** Weights, summing to 1. */
  weights: Float64Array;
}

/**
 * Mean and covariance of one image under a random transform.
 *
 * $\mu = E[T_\theta(x)]$, $\Sigma = E[T_\theta(x) T_\theta(x)^\top] - \mu\mu^\top$.
 *
 * @param image - Shape `[height, width, channels]`, any range.
 * @param t - The transform.
 * @param options - See {@link RuleOptions}.
 * @returns Moments that own their tensors; free them with `dispose`.
 * @throws {@link ShapeError} when the image has another rank; {@link ArgumentError} when a rule is not available; the signal's reason
 *   when it is aborted.
 * @remarks Images are transformed and weighted on the host in float64; the factor lives on the device in float32. A
 *   translation whose nodes do not fit, cutouts and patch masks need no factor: their products are closed forms on the host.
 * @see Balestriero, Misra, LeCun (2022), A Data-Augmentation Is Worth A Thousand Samples, section 3.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { augmentedMoments, horizontalFlip } from "@lab/da-theory";
 *
 * await init();
 * const m = await augmentedMoments(tf.tensor3d([1, 2, 5], [1, 3, 1]), horizontalFlip());
 * Array.from(await m.mean.data()); // => [3, 2, 3]
 * (await m.covariance.trace()).toFixed(6); // => "8.000000"
 * m.dispose();
 * ```
 */
export async function augmentedMoments(
  image: tf.Tensor3D,
  t: RandomTransform,
  options: RuleOptions = {},
): Promise<AugmentedMoments> {
  const shape = imageShapeOf("augmentedMoments", image);
  checkRuleOptions("augmentedMoments", options);
  const values = new Float64Array(await image.data());
  const moments = await momentsOfImage(values, shape, t, options);
  const mean = tf.tensor3d(new Float32Array(moments.mean), [...moments.shape]);
  const covariance = operatorOfMoments(moments, options);
  const centre = moments.mean;
  return {
    mean,
    covariance,
    error: moments.error,
    fourthMoment: () => fourthMoment(values, shape, centre, t, options),
    project: async (weights) => projected(values, shape, t, options, weights),
    dispose() {
      mean.dispose();
      covariance.dispose();
    },
  };
}

/** Shape of one image, or the error that it is none. */
export function imageShapeOf(caller: string, image: tf.Tensor): ImageShape {
  if (image.rank !== 3) {
    throw new ShapeError(
      `${caller}: image has shape ${formatShape(image.shape)}; expected [height, width, channels]`,
      {
        argument: "image",
        shape: image.shape,
      },
    );
  }
  return image.shape as [number, number, number];
}

/** Shape of the images of a batch, or the error that it is none. */
export function batchShapeOf(caller: string, images: tf.Tensor): ImageShape {
  if (images.rank !== 4) {
    throw new ShapeError(
      `${caller}: images has shape ${formatShape(images.shape)}; expected [N, height, width, channels]`,
      {
        argument: "images",
        shape: images.shape,
      },
    );
  }
  return images.shape.slice(1) as [number, number, number];
}
