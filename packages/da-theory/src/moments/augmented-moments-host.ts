import { ShapeError } from "@lab/core";
import type * as tf from "@tensorflow/tfjs-core";
import { type ErrorReport, MAX_NODES, type Rule, type RuleOptions } from "../rules/rule.js";
import {
  checkImageShape,
  checkRuleOptions,
  type ImageShape,
  type InternalRuleOptions,
  type RandomTransform,
} from "../transforms/transform.js";
import { CovarianceHost } from "./covariance-host.js";
import { type HostMoments, momentsOfImage, viewsOf } from "./host-moments.js";

/** Mean and covariance of a transformed image on the host, in float64. */
export interface AugmentedMomentsHost {
  /** `[height, width, channels]` of the transformed image. */
  shape: ImageShape;
  /** Mean image. */
  mean: Float64Array;
  /** Covariance. */
  covariance: CovarianceHost;
  /** How the expectation was taken, and with which error. */
  error: ErrorReport;
}

/**
 * Mean and covariance of one image under a random transform, in float64 on the host.
 *
 * $\mu = \sum_q w_q T_q$, $\Sigma = A^\top A$ with $A_q = \sqrt{w_q}(T_q - \mu)$, or a closed form of the transform.
 *
 * @param image - Values, row by row, channels last.
 * @param shape - `[height, width, channels]`.
 * @param t - The transform.
 * @param options - See {@link RuleOptions}.
 * @returns Moments; custom transforms are computed on the device, in float32.
 * @throws {@link ShapeError} when the number of values does not fit; {@link ArgumentError} when a rule is not available; the signal's
 *   reason when it is aborted.
 * @see Balestriero, Misra, LeCun (2022), A Data-Augmentation Is Worth A Thousand Samples, section 3.
 * @example
 * ```ts
 * import { augmentedMomentsHost, shear, uniform } from "@lab/da-theory";
 *
 * const m = await augmentedMomentsHost([0, 0, 3, 0, 0, 0], [2, 3, 1], shear({ x: uniform(-1, 1) }));
 * m.error.method; // => "exact"
 * Array.from(m.mean, (value) => Number(value.toFixed(9))); // => [0, 0.375, 2.25, 0, 0, 0]
 * ```
 */
export async function augmentedMomentsHost(
  image: ArrayLike<number>,
  shape: ImageShape,
  t: RandomTransform,
  options: RuleOptions = {},
): Promise<AugmentedMomentsHost> {
  checkImageShape("augmentedMomentsHost", shape);
  checkRuleOptions("augmentedMomentsHost", options);
  const size = shape[0] * shape[1] * shape[2];
  if (image.length !== size) {
    throw new ShapeError(
      `augmentedMomentsHost: image has ${image.length} values; shape [${shape.join(",")}] needs ${size}`,
      { argument: "image", shape: [image.length] },
    );
  }
  const moments = await momentsOfImage(new Float64Array(image), shape, t, options);
  return hostResult(moments);
}

/** The public form of host moments. */
export function hostResult(moments: HostMoments): AugmentedMomentsHost {
  const { shape, mean, error } = moments;
  return { shape, mean, covariance: new CovarianceHost(moments), error };
}

/** Rule for more than second moments. */
function fourthRule(shape: ImageShape, t: RandomTransform, options: InternalRuleOptions): Rule {
  const { method = "auto", maxNodes = MAX_NODES, nodes = Math.min(maxNodes, 1024) } = options;
  const more: InternalRuleOptions = {
    ...options,
    method: method === "exact" ? "auto" : method,
    nodes,
    order: 4,
  };
  return t.rule(shape, more);
}

/** `E‖T - μ‖⁴` by the transform's own rule. */
export async function fourthMoment(
  image: Float64Array,
  shape: ImageShape,
  mean: Float64Array,
  t: RandomTransform,
  options: InternalRuleOptions,
): Promise<number> {
  const rule = fourthRule(shape, t, options);
  const views = await viewsOf(image, shape, t, rule, options);
  const row = new Float64Array(views.size);
  let sum = 0;
  for (let q = 0; q < rule.count; q++) {
    views.view(q, row);
    let squares = 0;
    for (let i = 0; i < row.length; i++) squares += (row[i]! - mean[i]!) ** 2;
    sum += rule.weights[q]! * squares * squares;
  }
  return sum;
}

/** `W T_q` of all nodes, where there is a rule that is not a lattice. */
export async function projected(
  image: Float64Array,
  shape: ImageShape,
  t: RandomTransform,
  options: InternalRuleOptions,
  weights: tf.Tensor2D,
): Promise<{ values: Float64Array; weights: Float64Array } | undefined> {
  const rule = fourthRule(shape, t, options);
  if (rule.method === "lattice") return undefined;
  const W = await weights.data();
  const views = await viewsOf(image, shape, t, rule, options);
  const [K, size] = [weights.shape[0], views.size];
  const row = new Float64Array(size);
  const values = new Float64Array(rule.count * K);
  for (let q = 0; q < rule.count; q++) {
    views.view(q, row);
    for (let k = 0; k < K; k++) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += W[k * size + i]! * row[i]!;
      values[q * K + k] = sum;
    }
  }
  return { values, weights: rule.weights };
}
