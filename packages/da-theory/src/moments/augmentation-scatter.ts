import { ArgumentError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { RuleOptions } from "../rules/rule.js";
import { checkRuleOptions, type RandomTransform } from "../transforms/transform.js";
import { DENSE_LIMIT } from "./covariance-host.js";
import { type CovarianceOperator, denseOperator } from "./covariance-operator.js";
import { type Images, imageValues } from "./images.js";
import { scatterOf } from "./scatter.js";

/** Covariances of all views of a data set. */
export interface AugmentationScatter {
  /** Mean of the images' covariances `Σ̄`: what invariance suppresses. */
  within: CovarianceOperator;
  /** Covariance of the mean images over the data: what is left to tell images apart. */
  between: CovarianceOperator;
  /** Mean of all views. */
  mean: tf.Tensor3D;
}

/**
 * Covariance of views within and between the images of a data set.
 *
 * For a linear encoder $W$: invariance $E\lVert WT - WT'\rVert^2 = 2\,\mathrm{tr}(W\bar\Sigma W^\top)$; covariance of all views
 * $W(\mathrm{Cov}_n(\mu_n) + \bar\Sigma)W^\top$; cross-covariance of two views of one image $W\,\mathrm{Cov}_n(\mu_n)W^\top$.
 *
 * @param data - Images, at most 4096 values each after the transform.
 * @param t - The transform.
 * @param options - See {@link RuleOptions}.
 * @returns Operators that own their tensors, and a tensor.
 * @throws {@link ShapeError}, {@link ArgumentError} when arguments do not fit; the signal's reason when it is aborted.
 * @remarks For linear transforms the cost does not grow with the number of images beyond one pass over them.
 */
export async function augmentationScatter(
  data: Images,
  t: RandomTransform,
  options: RuleOptions = {},
): Promise<AugmentationScatter> {
  checkRuleOptions("augmentationScatter", options);
  const images = await imageValues("augmentationScatter", data);
  const [h, w, c] = t.outputShape(images.shape);
  if (h * w * c > DENSE_LIMIT) {
    throw new ArgumentError(
      `augmentationScatter: images have ${h * w * c} values; at most ${DENSE_LIMIT} were expected; make them smaller first`,
      {
        argument: "data",
        value: h * w * c,
      },
    );
  }
  const { shape, mean, within, between } = await scatterOf(images, t, options);
  const size = mean.length;
  const operator = (sums: Float64Array): CovarianceOperator => {
    const matrix = tf.tensor2d(
      Float32Array.from(sums, (value) => value / images.count),
      [size, size],
    );
    const variances = Float64Array.from({ length: size }, (_, i) =>
      Math.max(0, sums[i * size + i]! / images.count),
    );
    return denseOperator(matrix, shape, variances);
  };
  return {
    within: operator(within),
    between: operator(between),
    mean: tf.tensor3d(new Float32Array(mean), [...shape]),
  };
}
