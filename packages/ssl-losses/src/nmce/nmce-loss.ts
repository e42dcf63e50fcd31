import { ArgumentError, checkNumber, checkRank, checkSameShape } from "@lab/core";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { codingRate, codingRateReduction, type RateOptions } from "../coding-rate/index.js";
import { detach, rowNormalize } from "../contrastive/row-normalize.js";

/** Options of {@link gumbelSoftmax}. */
export interface GumbelSoftmaxOptions {
  /** Temperature of the relaxation; near 0 samples are near one-hot. */
  temperature: number;
  /** Draws the noise. */
  generator: Generator;
  /** Whether the forward value is one-hot while the gradient is that of the relaxed sample. @defaultValue false, as in the source */
  straightThrough?: boolean;
}

/**
 * Relaxed samples of categories.
 *
 * $\mathrm{softmax}((\log \mathrm{softmax}(\ell) + g)/\tau)$ with $g = -\log(-\log u)$
 *
 * @param logits - `[rows, categories]`.
 * @param options - See {@link GumbelSoftmaxOptions}.
 * @returns Rows on the simplex, same shape; the caller disposes it.
 * @throws {@link ShapeError}, {@link ArgumentError} for rank and temperature.
 * @see Jang, Gu, Poole (2017), Categorical reparameterization with Gumbel-softmax.
 */
export function gumbelSoftmax(logits: tf.Tensor2D, options: GumbelSoftmaxOptions): tf.Tensor2D {
  checkRank("gumbelSoftmax", "logits", logits, 2);
  const temperature = checkNumber("gumbelSoftmax", "temperature", options.temperature, { above: 0 });
  return tf.tidy(() => {
    const noise = options.generator.gumbel(logits.shape);
    const soft = tf.softmax(tf.div(tf.add(tf.logSoftmax(logits), noise), temperature)) as tf.Tensor2D;
    if (!options.straightThrough) return soft;
    const hard = tf.cast(tf.oneHot(tf.argMax(detach(soft), 1), logits.shape[1]), "float32");
    return tf.add(soft, detach(tf.sub(hard, soft))) as tf.Tensor2D;
  });
}

/** What {@link nmceLoss} receives: one tensor a view, at least one view. */
export interface NmceViews {
  /** Embeddings, each `[n, d]`, any scale. */
  z: readonly tf.Tensor2D[];
  /** Cluster logits, each `[n, K]`. */
  logits: readonly tf.Tensor2D[];
}

/** Options of {@link nmceLoss}. */
export interface NmceLossOptions extends RateOptions {
  /** Weight λ of the mean cosine of the first two views; 0 for heads on a frozen encoder. */
  constraint: number;
  /** Temperature of the relaxed memberships. */
  gumbelTemperature: number;
  /** Draws their noise. */
  generator: Generator;
}

/** Parts of {@link nmceLoss}; the caller disposes them. */
export interface NmceLossResult {
  /** $-\Delta R - \lambda \cos$, `[]`. */
  total: tf.Scalar;
  /** Rate reduction of the mean view in nats, `[]`. */
  reduction: tf.Scalar;
  /** Mean cosine of the first two views, `[]`; 1 with one view. */
  similarity: tf.Scalar;
  /** Mean memberships, `[n, K]`. */
  membership: tf.Tensor2D;
}

/**
 * Manifold clustering and embedding: clusters that fill orthogonal subspaces while the views of a sample agree.
 *
 * $-\Delta R(\bar z, \bar\pi) - \lambda\, \overline{\cos(z^{(1)}, z^{(2)})}$ with $\bar z$ the mean of the unit views, brought to norm 1
 * again, and $\bar\pi$ the mean of their Gumbel-softmax samples.
 *
 * @param views - See {@link NmceViews}.
 * @param options - See {@link NmceLossOptions}.
 * @returns See {@link NmceLossResult}; minimise `total`.
 * @throws {@link ShapeError}, {@link ArgumentError} when views do not match or an option is out of range.
 * @see Li, Chen, LeCun, Sommer (2022), Neural manifold clustering and embedding, eq. (7).
 */
export function nmceLoss(views: NmceViews, options: NmceLossOptions): NmceLossResult {
  const lambda = checkNumber("nmceLoss", "constraint", options.constraint, { min: 0 });
  const [z0, l0] = [views.z[0], views.logits[0]];
  if (!z0 || !l0 || views.z.length !== views.logits.length) {
    throw new ArgumentError(
      `nmceLoss: views has ${views.z.length} z and ${views.logits.length} logits; equally many, at least one, were expected`,
      { argument: "views", value: [views.z.length, views.logits.length] },
    );
  }
  for (const z of views.z) checkSameShape("nmceLoss", "z", z, "z[0]", z0);
  for (const l of views.logits) checkSameShape("nmceLoss", "logits", l, "logits[0]", l0);
  return tf.tidy(() => {
    const units = views.z.map((z) => rowNormalize(z));
    const mean = units.length === 1 ? units[0]! : rowNormalize(tf.addN(units));
    const sampling = { temperature: options.gumbelTemperature, generator: options.generator };
    const samples = views.logits.map((logits) => gumbelSoftmax(logits, sampling));
    const membership = tf.div(tf.addN(samples), samples.length) as tf.Tensor2D;
    const { reduction } = codingRateReduction(mean, membership, options);
    const similarity = (
      units.length < 2 ? tf.scalar(1) : tf.mean(tf.sum(tf.mul(units[0]!, units[1]!), 1))
    ) as tf.Scalar;
    const total = tf.neg(tf.add(reduction, tf.mul(similarity, lambda))) as tf.Scalar;
    return { total, reduction, similarity, membership };
  });
}

/**
 * First stage of manifold clustering: embeddings that fill the space while the views of a sample agree.
 *
 * $-\tfrac12[R(z^{(1)}) + R(z^{(2)})] - \lambda\, \overline{\cos(z^{(1)}, z^{(2)})}$
 *
 * @param first - Embeddings of the first views, `[n, d]`, any scale.
 * @param second - Embeddings of the second views, same shape.
 * @param options - Rate options and the weight λ as `constraint`.
 * @returns Scalar, `[]`; the caller disposes it.
 * @throws {@link ShapeError}, {@link ArgumentError} when shapes differ or an option is out of range.
 * @see Li et al. (2022), section 3.3.
 */
export function totalCodingRate(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  options: RateOptions & { constraint: number },
): tf.Scalar {
  checkRank("totalCodingRate", "first", first, 2);
  checkSameShape("totalCodingRate", "second", second, "first", first);
  const lambda = checkNumber("totalCodingRate", "constraint", options.constraint, { min: 0 });
  return tf.tidy(() => {
    const [a, b] = [rowNormalize(first), rowNormalize(second)];
    const rate = tf.mul(tf.add(codingRate(a, options), codingRate(b, options)), 0.5);
    return tf.neg(tf.add(rate, tf.mul(tf.mean(tf.sum(tf.mul(a, b), 1)), lambda))) as tf.Scalar;
  });
}
