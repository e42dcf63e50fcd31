import { checkBoolean, checkChoice, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import {
  type CheckedOptions,
  type ContrastiveOptions,
  checkOptions,
  checkViews,
  positiveSimilarities,
  reduce,
  stackViews,
} from "./options.js";
import { pairLogSumExp } from "./pair-log-sum-exp.js";
import { planPairs } from "./pair-plan.js";
import { detach } from "./row-normalize.js";

/** Log of the summed negatives and similarity of the positive over τ, for every anchor. */
function anchors(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  options: Omit<CheckedOptions, "reduction">,
): { negatives: tf.Tensor1D; positives: tf.Tensor1D; cosine: tf.Tensor1D } {
  const stacked = stackViews(first, second, options);
  const plan = planPairs(first.shape[0], "negatives", options.blockSize);
  const cosine = positiveSimilarities(stacked);
  const half = tf.div(cosine, options.temperature) as tf.Tensor1D;
  return {
    negatives: pairLogSumExp(stacked, plan, options.temperature, options.normalize),
    positives: tf.concat([half, half]) as tf.Tensor1D,
    cosine,
  };
}

/**
 * Normalised temperature-scaled cross-entropy of SimCLR: tell each sample's other view from all other views.
 *
 * $\ell_i = \log\bigl(U_i + e^{s_{i,p(i)}/\tau}\bigr) - s_{i,p(i)}/\tau$ with $U_i = \sum_{j \notin \{i, p(i)\}} e^{s_{ij}/\tau}$, over
 * $2N - 2$ negatives from both views. Equals softplus of {@link decoupledContrastive} per anchor.
 *
 * @param first - Embeddings of the first views, `[pairs, dim]`, any scale.
 * @param second - Embeddings of the second views, same shape, row by row.
 * @param options - See {@link ContrastiveOptions}.
 * @returns Loss in nats, `[]`, or `[2 * pairs]` with `reduction: "none"`; the caller disposes it.
 * @throws {@link ShapeError} when shapes differ or there is one pair; {@link ArgumentError} for an option out of range.
 * @remarks The gradient is analytic. Time grows with `pairs²`, memory too up to 64 MiB of similarities. A zero row has no
 *   gradient. A second derivative throws {@link BackendError}.
 * @see Chen, Kornblith, Norouzi, Hinton (2020), A simple framework for contrastive learning, eq. (1).
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { ntXent } from "@lab/ssl-losses";
 *
 * await init();
 * const views = tf.ones([4, 8]) as tf.Tensor2D; // all alike: the loss is ln(2 * 4 - 1)
 * const [loss] = await ntXent(views, views).data();
 * loss!.toFixed(3); // => "1.946"
 * ```
 */
export function ntXent(first: tf.Tensor2D, second: tf.Tensor2D, options: ContrastiveOptions = {}): tf.Tensor {
  const checked = checkOptions("ntXent", options);
  checkViews("ntXent", first, second);
  return tf.tidy(() => {
    const { negatives, positives } = anchors(first, second, checked);
    return reduce(tf.softplus(tf.sub(negatives, positives)) as tf.Tensor1D, checked.reduction);
  });
}

/** Options of {@link decoupledContrastive}. */
export interface DecoupledContrastiveOptions extends ContrastiveOptions {
  /**
   * Weight of the positive term: 1, DCLW's $2 - N\,\mathrm{softmax}(c/\sigma)$ of the pairs' cosines, or a function of them.
   * @defaultValue `"none"`
   */
  weight?: "none" | "vonMisesFisher" | ((cosine: tf.Tensor1D) => tf.Tensor1D);
  /** σ of `"vonMisesFisher"`. @defaultValue 0.5, as in the paper */
  sigma?: number;
  /** Whether the weight is a constant to the gradient. @defaultValue true; the paper is silent */
  detachWeight?: boolean;
}

/**
 * Decoupled contrastive loss: InfoNCE without the positive in the denominator, which learns from small batches.
 *
 * $\ell_i = \log U_i - w_i\, s_{i,p(i)}/\tau$ with $U_i = \sum_{j \notin \{i, p(i)\}} e^{s_{ij}/\tau}$; $w = 1$ (DCL), or
 * $w_i = 2 - N\,\mathrm{softmax}(c/\sigma)_i$ with the cosine $c_i$ of pair $i$ (DCLW).
 *
 * @param first - Embeddings of the first views, `[pairs, dim]`, any scale.
 * @param second - Embeddings of the second views, same shape, row by row.
 * @param options - See {@link DecoupledContrastiveOptions}.
 * @returns Loss in nats, `[]`, or `[2 * pairs]` with `reduction: "none"`; may be negative; the caller disposes it.
 * @throws {@link ShapeError} when shapes differ or there is one pair; {@link ArgumentError} for an option out of range.
 * @remarks Costs as {@link ntXent}. Differs from the paper in: mean over anchors where the paper sums, as all implementations do.
 * @see Yeh, Hong, Hsu, Liu, Chen, LeCun (2022), Decoupled contrastive learning, eqs. (5) and (6).
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { decoupledContrastive } from "@lab/ssl-losses";
 *
 * await init();
 * const views = tf.ones([4, 8]) as tf.Tensor2D; // all alike: the loss is ln(2 * 4 - 2)
 * const [loss] = await decoupledContrastive(views, views).data();
 * loss!.toFixed(3); // => "1.792"
 * ```
 */
export function decoupledContrastive(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  options: DecoupledContrastiveOptions = {},
): tf.Tensor {
  const checked = checkOptions("decoupledContrastive", options);
  checkViews("decoupledContrastive", first, second);
  const { weight = "none" } = options;
  if (typeof weight !== "function")
    checkChoice("decoupledContrastive", "weight", weight, ["none", "vonMisesFisher"] as const);
  const sigma = checkNumber("decoupledContrastive", "sigma", options.sigma ?? 0.5, { above: 0 });
  const detachWeight = checkBoolean("decoupledContrastive", "detachWeight", options.detachWeight ?? true);
  return tf.tidy(() => {
    const { negatives, positives, cosine } = anchors(first, second, checked);
    if (weight === "none") return reduce(tf.sub(negatives, positives) as tf.Tensor1D, checked.reduction);
    const source = detachWeight ? detach(cosine) : cosine;
    const perPair = typeof weight === "function" ? weight(source) : vonMisesFisher(source, sigma);
    const weights = detachWeight ? detach(perPair) : perPair;
    const weighted = tf.mul(tf.concat([weights, weights]), positives);
    return reduce(tf.sub(negatives, weighted) as tf.Tensor1D, checked.reduction);
  });
}

function vonMisesFisher(cosine: tf.Tensor1D, sigma: number): tf.Tensor1D {
  return tf.sub(2, tf.mul(tf.softmax(tf.div(cosine, sigma)), cosine.shape[0])) as tf.Tensor1D;
}

/**
 * Factors by which InfoNCE scales the gradient of each anchor, and which the decoupled loss removes.
 *
 * $q_i = \frac{U_i}{U_i + e^{s_{i,p(i)}/\tau}}$; near 0 an anchor teaches nothing.
 *
 * @param first - Embeddings of the first views, `[pairs, dim]`, any scale.
 * @param second - Embeddings of the second views, same shape, row by row.
 * @param options - Temperature τ, 0.1 by default.
 * @returns Factors in (0, 1), first views then second views, `[2 * pairs]`, without a gradient; the caller disposes it.
 * @throws {@link ShapeError}, {@link ArgumentError} as {@link ntXent}.
 * @see Yeh et al. (2022), Decoupled contrastive learning, proposition 1.
 */
export function couplingFactors(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  options: { temperature?: number } = {},
): tf.Tensor1D {
  const checked = checkOptions("couplingFactors", options);
  checkViews("couplingFactors", first, second);
  return tf.tidy(() => {
    const { negatives, positives } = anchors(detach(first), detach(second), checked);
    return detach(tf.sigmoid(tf.sub(negatives, positives)) as tf.Tensor1D);
  });
}
