import { checkRank, checkShape, formatShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkTemperature } from "./options.js";
import { pairLogSumExp } from "./pair-log-sum-exp.js";
import { planSingle } from "./pair-plan.js";
import { rowNormalize } from "./row-normalize.js";

/**
 * Supervised contrastive loss: all samples of the same class are positives.
 *
 * $\ell_i = -\frac{1}{|P(i)|} \sum_{p \in P(i)} \log \frac{e^{s_{ip}/\tau}}{\sum_{j \ne i} e^{s_{ij}/\tau}}$
 *
 * @param embeddings - `[samples, dim]`, any scale.
 * @param labels - Class of each sample, `[samples]`.
 * @param options - Temperature τ, 0.1 by default.
 * @returns Mean over the samples that have a positive, in nats, `[]`; 0 when none has; the caller disposes it.
 * @throws {@link ShapeError} when the labels do not match or there is one sample; {@link ArgumentError} for the temperature.
 * @see Khosla et al. (2020), Supervised contrastive learning, eq. (2).
 */
export function supCon(
  embeddings: tf.Tensor2D,
  labels: tf.Tensor1D,
  options: { temperature?: number } = {},
): tf.Scalar {
  const temperature = checkTemperature("supCon", options.temperature ?? 0.1);
  checkRank("supCon", "embeddings", embeddings, 2);
  const [count] = embeddings.shape;
  if (count < 2) {
    throw new ShapeError(
      `supCon: embeddings has shape ${formatShape(embeddings.shape)}; the batch must hold at least 2 samples`,
      { argument: "embeddings", shape: embeddings.shape },
    );
  }
  checkShape("supCon", "labels", labels, [count]);
  return tf.tidy(() => {
    const z = rowNormalize(embeddings);
    const same = tf.cast(tf.equal(tf.reshape(labels, [-1, 1]), tf.reshape(labels, [1, -1])), "float32");
    const partners = tf.mul(same, tf.sub(1, tf.eye(count))) as tf.Tensor2D;
    const numPartners = tf.sum(partners, 1) as tf.Tensor1D;
    const sums = tf.sum(tf.mul(z, tf.matMul(partners, z)), 1);
    const meanPositive = tf.div(sums, tf.mul(tf.maximum(numPartners, 1), temperature));
    const perAnchor = tf.sub(pairLogSumExp(z, planSingle(count), temperature, true), meanPositive);
    const isAnchor = tf.cast(tf.greater(numPartners, 0), "float32");
    return tf.div(tf.sum(tf.mul(perAnchor, isAnchor)), tf.maximum(tf.sum(isAnchor), 1)) as tf.Scalar;
  });
}
