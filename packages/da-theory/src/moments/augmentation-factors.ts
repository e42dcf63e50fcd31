import * as tf from "@tensorflow/tfjs-core";
import type { Rule, RuleOptions } from "../rules/rule.js";
import { checkRuleOptions, type ImageShape, type RandomTransform } from "../transforms/transform.js";
import { batchShapeOf } from "./augmented-moments.js";
import { breather } from "./host-moments.js";
import { type ViewMaker, viewMaker } from "./view-batch.js";

/** Means and factors of a batch, on the device. */
export interface AugmentationFactors {
  /** Mean images, `[N, height, width, channels]`. */
  mean: tf.Tensor4D;
  /** Factors `A` with `Σ = AᵀA`, `[N, Q, D]`. */
  factors: tf.Tensor3D;
}

/**
 * Means and factors of every image of a batch, for penalties and for training without sampling.
 *
 * @param images - Shape `[N, height, width, channels]`.
 * @param t - The transform.
 * @param options - See {@link RuleOptions}; rules with an error use 64 nodes unless `nodes` says otherwise.
 * @returns Tensors that belong to the caller. Values are float32.
 * @throws {@link ShapeError} when the images have another rank; {@link ArgumentError} when a rule is not available.
 */
export async function augmentationFactors(
  images: tf.Tensor4D,
  t: RandomTransform,
  options: RuleOptions = {},
): Promise<AugmentationFactors> {
  const shape = batchShapeOf("augmentationFactors", images);
  checkRuleOptions("augmentationFactors", options);
  const rule = t.rule(shape, options);
  const count = images.shape[0];
  const pause = breather(options.signal);
  const parts: { mean: tf.Tensor; factor: tf.Tensor }[] = [];
  const free = () => {
    for (const { mean, factor } of parts) tf.dispose([mean, factor]);
  };
  try {
    for (let n = 0; n < count; n++) {
      await pause();
      const image = tf.tidy(() =>
        tf.reshape(tf.slice(images, [n, 0, 0, 0], [1, -1, -1, -1]), [...shape]),
      ) as tf.Tensor3D;
      try {
        const maker = await viewMaker(image, t);
        parts.push(factorOf(maker, t, rule, shape));
      } finally {
        image.dispose();
      }
      options.onProgress?.({ done: n + 1, total: count, message: t.name });
    }
    return tf.tidy(() => ({
      mean: tf.stack(parts.map(({ mean }) => mean)) as tf.Tensor4D,
      factors: tf.stack(parts.map(({ factor }) => factor)) as tf.Tensor3D,
    }));
  } finally {
    free();
  }
}

function factorOf(maker: ViewMaker, t: RandomTransform, rule: Rule, shape: ImageShape) {
  return tf.tidy(() => {
    const out = t.outputShape(shape);
    const views = tf.reshape(maker.make(rule.theta, rule.count), [rule.count, -1]) as tf.Tensor2D;
    // Differences from one view keep the digits where images hardly move.
    const origin = tf.slice(views, [0, 0], [1, -1]);
    const differences = tf.sub(views, origin) as tf.Tensor2D;
    const mean = tf.matMul(tf.tensor2d(new Float32Array(rule.weights), [1, rule.count]), differences);
    const roots = tf.tensor2d(Float32Array.from(rule.weights, Math.sqrt), [rule.count, 1]);
    return {
      mean: tf.reshape(tf.add(mean, origin), [...out]),
      factor: tf.mul(tf.sub(differences, mean), roots),
    };
  });
}
