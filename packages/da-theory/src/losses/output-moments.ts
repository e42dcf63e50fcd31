import { tidyAsync } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { augmentedMoments, imageShapeOf } from "../moments/augmented-moments.js";
import type { CovarianceOperator } from "../moments/covariance-operator.js";
import type { ErrorReport, RuleOptions } from "../rules/rule.js";
import { checkRuleOptions, type ImageShape, type RandomTransform } from "../transforms/transform.js";
import {
  checkHead,
  forward,
  type Head,
  isHead,
  type LossFunction,
  type LossName,
  lossFunction,
  type Model,
  numOutputsOf,
  targetOf,
} from "./model.js";
import { outputEstimate } from "./node-outputs.js";

/** Moments of a model's outputs. */
export interface OutputMoments {
  /** Mean outputs, `[K]`. */
  mean: tf.Tensor1D;
  /** Their covariance, `[K, K]`. */
  covariance: tf.Tensor2D;
  /** How the expectation was taken. */
  error: ErrorReport;
}

/**
 * Mean and covariance of a model's outputs under a random transform of its input.
 *
 * Linear: $E f = W\mu + b$, $\Sigma_z = W \Sigma W^\top$. Any other model: $\sum_q w_q f(T_q)$, one forward pass a node.
 *
 * @param model - A network or a linear head.
 * @param image - Shape `[height, width, channels]`.
 * @param t - The transform.
 * @param options - See {@link RuleOptions}.
 * @returns Tensors that belong to the caller.
 * @throws {@link ShapeError} when shapes do not fit; the signal's reason when it is aborted.
 * @see Balestriero, Misra, LeCun (2022), A Data-Augmentation Is Worth A Thousand Samples, section 4.
 */
export async function outputMoments(
  model: Model | Head,
  image: tf.Tensor3D,
  t: RandomTransform,
  options: RuleOptions = {},
): Promise<OutputMoments> {
  const shape = imageShapeOf("outputMoments", image);
  checkRuleOptions("outputMoments", options);
  if (isHead(model)) {
    const out = t.outputShape(shape);
    checkHead("outputMoments", model, out[0] * out[1] * out[2]);
    const m = await augmentedMoments(image, t, options);
    try {
      const projected = await headCovariance(model, m.covariance, out);
      const mean = tf.tidy(
        () => tf.reshape(forward(model, tf.expandDims(m.mean, 0) as tf.Tensor4D), [-1]) as tf.Tensor1D,
      );
      return { mean, covariance: projected, error: m.error };
    } finally {
      m.dispose();
    }
  }
  const found = await outputEstimate(image, t, (views) => forward(model, views), options, false);
  const K = found.mean.length;
  return {
    mean: tf.tensor1d(new Float32Array(found.mean)),
    covariance: tf.tensor2d(new Float32Array(found.covariance), [K, K]),
    error: reportOf(found),
  };
}

/** `W Σ Wᵀ`, `[K, K]`. */
export async function headCovariance(
  head: Head,
  covariance: CovarianceOperator,
  shape: ImageShape,
): Promise<tf.Tensor2D> {
  return tidyAsync(async (track) => {
    const K = head.weights.shape[0];
    const rows = track(tf.reshape(head.weights, [K, ...shape]));
    const product = track(await covariance.apply(rows));
    return tf.tidy(() =>
      tf.matMul(tf.reshape(product, [K, -1]) as tf.Tensor2D, head.weights, false, true),
    ) as tf.Tensor2D;
  });
}

/** The public form of an estimate's error. */
export function reportOf(found: Awaited<ReturnType<typeof outputEstimate>>): ErrorReport {
  const { rule, meanEstimate, traceEstimate } = found;
  return { method: rule.method, nodes: rule.count, meanEstimate, traceEstimate };
}

/** Options of {@link lossMoments}. */
export interface LossMomentsOptions extends RuleOptions {
  /** Loss of outputs `[Q, K]` against a target `[K]`, one number for each output. @defaultValue `"crossEntropy"` */
  loss?: LossName | LossFunction;
}

/** Moments of a loss under a random transform. */
export interface LossMoments {
  /** Expected loss. */
  mean: number;
  /** Variance of the loss. */
  variance: number;
  /** Squared coefficient of variation, `variance / mean²`. */
  cv2: number;
  /** How the expectation was taken; the trace's estimate is that of the variance. */
  error: ErrorReport;
}

/**
 * Mean and variance of the loss of one image under a random transform: deterministic, one forward pass a node.
 *
 * $E\ell = \sum_q w_q\,\ell(f(T_q))$, and so for the variance. Exact for the squared loss of a linear head where the transform has an
 * exact rule.
 *
 * @param model - A network or a linear head.
 * @param image - Shape `[height, width, channels]`.
 * @param label - Class, or target `[K]`.
 * @param t - The transform.
 * @param options - See {@link LossMomentsOptions}.
 * @throws {@link ShapeError}, {@link ArgumentError} when arguments do not fit; the signal's reason when it is aborted.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { brightness, lossMoments, samplesNeeded, uniform } from "@lab/da-theory";
 *
 * await init();
 * const head = { weights: tf.tensor2d([[1, 0], [0, 1]]) };
 * const image = tf.tensor3d([1, 2], [1, 2, 1]);
 * const m = await lossMoments(head, image, 0, brightness({ delta: uniform(-0.3, 0.3) }), { loss: "squared" });
 * m.mean.toFixed(4); // => "4.0600"
 * samplesNeeded(m, { relativeError: 0.01 }); // => 293
 * ```
 */
export async function lossMoments(
  model: Model | Head,
  image: tf.Tensor3D,
  label: number | tf.Tensor1D,
  t: RandomTransform,
  options: LossMomentsOptions = {},
): Promise<LossMoments> {
  const shape = imageShapeOf("lossMoments", image);
  checkRuleOptions("lossMoments", options);
  const out = t.outputShape(shape);
  if (isHead(model)) checkHead("lossMoments", model, out[0] * out[1] * out[2]);
  const { loss = "crossEntropy" } = options;
  const lossOf = lossFunction("lossMoments", loss);
  return tidyAsync(async (track) => {
    const target = track(targetOf("lossMoments", label, numOutputsOf(model, out)));
    const found = await outputEstimate(
      image,
      t,
      (views) => lossOf(forward(model, views), target),
      options,
      loss === "squared" && isHead(model),
    );
    const [mean, variance] = [found.mean[0]!, found.covariance[0]!];
    return { mean, variance, cv2: mean === 0 ? Number.NaN : variance / mean ** 2, error: reportOf(found) };
  });
}
