import { checkNumber, checkRank, formatShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkViews } from "../contrastive/options.js";
import { pairLogSumExp } from "../contrastive/pair-log-sum-exp.js";
import { planSingle } from "../contrastive/pair-plan.js";
import { rowNormalize } from "../contrastive/row-normalize.js";

/**
 * Mean distance of the two views of a sample on the unit sphere; small is good.
 *
 * $\frac1N \sum_i \lVert a_i - b_i \rVert^\alpha$
 *
 * @param first - Embeddings of the first views, `[pairs, dim]`, any scale.
 * @param second - Embeddings of the second views, same shape, row by row.
 * @param options - Exponent α as `power`, 2 by default.
 * @returns Scalar, `[]`; the caller disposes it.
 * @throws {@link ShapeError} when shapes differ; {@link ArgumentError} when the power is not above 0.
 * @see Wang, Isola (2020), Understanding contrastive representation learning, section 4.1.1.
 */
export function alignment(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  options: { power?: number } = {},
): tf.Scalar {
  checkViews("alignment", first, second, 1);
  const power = checkNumber("alignment", "power", options.power ?? 2, { above: 0 });
  return tf.tidy(() => {
    const squared = tf.sum(tf.square(tf.sub(rowNormalize(first), rowNormalize(second))), 1);
    // The floor keeps the slope of a power below 2 finite for equal views.
    return tf.mean(power === 2 ? squared : tf.pow(tf.maximum(squared, 1e-12), power / 2)) as tf.Scalar;
  });
}

/**
 * How evenly embeddings cover the unit sphere; small is good.
 *
 * $\log \operatorname{mean}_{i<j} e^{-t \lVert z_i - z_j \rVert^2}$
 *
 * @param embeddings - `[samples, dim]`, any scale.
 * @param options - Sharpness `t`, 2 by default.
 * @returns Scalar from −4t to 0, `[]`; the caller disposes it.
 * @throws {@link ShapeError} for fewer than two samples; {@link ArgumentError} when `t` is not above 0.
 * @see Wang, Isola (2020), Understanding contrastive representation learning, section 4.1.2.
 */
export function uniformity(embeddings: tf.Tensor2D, options: { t?: number } = {}): tf.Scalar {
  checkRank("uniformity", "embeddings", embeddings, 2);
  const t = checkNumber("uniformity", "t", options.t ?? 2, { above: 0 });
  const [count] = embeddings.shape;
  if (count < 2) {
    throw new ShapeError(
      `uniformity: embeddings has shape ${formatShape(embeddings.shape)}; the batch must hold at least 2 samples`,
      { argument: "embeddings", shape: embeddings.shape },
    );
  }
  return tf.tidy(() => {
    // ‖z_i − z_j‖² = 2 − 2 s_ij: a sum of exponentials of similarities at temperature 1/(2t).
    const rows = pairLogSumExp(rowNormalize(embeddings), planSingle(count), 1 / (2 * t), true);
    const offset = Math.log(count) + Math.log(count - 1) + 2 * t;
    return tf.sub(tf.logSumExp(rows), offset) as tf.Scalar;
  });
}
