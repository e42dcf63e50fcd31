import { ArgumentError, checkChoice, checkInteger, checkNumber, checkRank, checkShape } from "@lab/core";
import { callKernel, hasHostKernel } from "@lab/core/host-kernel";
import { logdetGram } from "@lab/core/linalg";
import * as tf from "@tensorflow/tfjs-core";
import { joinBlocks, weightedGrams } from "./batch-gram.js";
import { inverseLogdet } from "./inverse-logdet.js";
import { RATE_GRADIENT, registerRateGradient } from "./rate-gradient-kernel.js";

/** Options of the coding rates. */
export interface RateOptions {
  /** Squared precision ε² at which rows are coded; the reference code calls it `eps`. @defaultValue 0.2 */
  epsilonSquared?: number;
  /**
   * Cholesky factors, or Newton–Schulz iterations made of products only, for devices without a factorisation.
   * `"auto"` is Cholesky. @defaultValue `"auto"`
   */
  method?: "auto" | "cholesky" | "newtonSchulz";
}

/** Mass below which a cluster is empty; its rate is then 0, as its limit. */
const EMPTY = 1e-8;

function checkRate(
  caller: string,
  options: RateOptions,
): { epsilonSquared: number; method: "cholesky" | "newtonSchulz" } {
  const method = checkChoice(caller, "method", options.method ?? "auto", [
    "auto",
    "cholesky",
    "newtonSchulz",
  ] as const);
  return {
    epsilonSquared: checkNumber(caller, "epsilonSquared", options.epsilonSquared ?? 0.2, { above: 0 }),
    method: method === "auto" ? "cholesky" : method,
  };
}

/**
 * Rate in nats that coding the rows up to a precision takes: large when they fill the space.
 *
 * $R(Z) = \tfrac12 \log\det\bigl(I + \tfrac{d}{n \varepsilon^2} Z^\top Z\bigr)$
 *
 * @param z - Unit rows, `[n, d]`.
 * @param options - See {@link RateOptions}.
 * @returns Rate in nats, `[]`; the caller disposes it. It is maximised: a loss is its negative.
 * @throws {@link ShapeError} unless the rank is 2; {@link ArgumentError} for an option out of range.
 * @remarks Cholesky works on the smaller side of `z`. Newton–Schulz assumes rows of norm 1, which bound its number of steps.
 * @see Yu, Chan, You, Song, Ma (2020), Learning diverse and discriminative representations, eq. (7).
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { codingRate } from "@lab/ssl-losses";
 *
 * await init();
 * const [rate] = await codingRate(tf.eye(6), { epsilonSquared: 0.01 }).data(); // 3 ln(1 + 1 / 0.01)
 * rate!.toFixed(3); // => "13.845"
 * ```
 */
export function codingRate(z: tf.Tensor2D, options: RateOptions = {}): tf.Scalar {
  const { epsilonSquared, method } = checkRate("codingRate", options);
  checkRank("codingRate", "z", z, 2);
  const [count, dim] = z.shape;
  return tf.tidy(() => {
    if (method === "cholesky") return tf.mul(logdetGram(z, dim / (count * epsilonSquared)), 0.5) as tf.Scalar;
    return tf.reshape(
      tf.slice(rates(z, tf.ones([count, 1]), epsilonSquared, method), [0], [1]),
      [],
    ) as tf.Scalar;
  });
}

/** `[R, R_c]` with the analytic gradients to rows and memberships. */
function rates(
  z: tf.Tensor2D,
  membership: tf.Tensor2D,
  epsilonSquared: number,
  method: "cholesky" | "newtonSchulz",
): tf.Tensor1D {
  const run = tf.customGrad((...inputs) => {
    const [x, pi, save] = inputs as unknown as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    const [count, dim] = x.shape;
    const numClusters = pi.shape[1];
    const alpha = dim / (count * epsilonSquared);
    const mass = tf.sum(pi, 0) as tf.Tensor1D;
    const factors = tf.concat([tf.div(dim / epsilonSquared, tf.maximum(mass, EMPTY)), tf.tensor1d([alpha])]);
    const grams = weightedGrams(x, pi);
    const m = tf.add(
      tf.mul(grams, tf.reshape(factors, [-1, 1, 1])),
      tf.expandDims(tf.eye(dim), 0),
    ) as tf.Tensor3D;
    const { inverse, logdet } = inverseLogdet(m, method, 1 + dim / epsilonSquared);
    const ofClusters = tf.slice(logdet, [0], [numClusters]) as tf.Tensor1D;
    const rate = tf.mul(tf.slice(logdet, [numClusters], [1]), 0.5);
    const compressed = tf.reshape(tf.div(tf.sum(tf.mul(mass, ofClusters)), 2 * count), [1]);
    save([x, pi, inverse, ofClusters]);
    return {
      value: tf.concat([rate, compressed]) as tf.Tensor1D,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [rows, p, inverses, logdets] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor3D, tf.Tensor1D];
        // Z·[M₁⁻¹ | … | M⁻¹] in one product.
        const all = tf.matMul(rows, joinBlocks(inverses)) as tf.Tensor2D;
        const { dz, quadratic } = passes(all, rows, p, dy, alpha);
        const ofCompressed = tf.slice(dy, [1], [1]);
        const eye = tf.expandDims(tf.eye(dim), 0);
        const trace = tf.slice(tf.sum(tf.mul(inverses, eye), [1, 2]), [0], [numClusters]);
        const constant = tf.sub(tf.add(logdets, trace), dim);
        const slope = tf.add(tf.mul(quadratic, dim / epsilonSquared), tf.expandDims(constant, 0));
        return [dz, tf.mul(slope, tf.div(ofCompressed, 2 * count))];
      },
    };
  });
  return run(z, membership) as tf.Tensor1D;
}

/** Gradient to rows and $z_i^\top M_j^{-1} z_i$ from the products with all inverses. */
function passes(
  all: tf.Tensor2D,
  rows: tf.Tensor2D,
  membership: tf.Tensor2D,
  dy: tf.Tensor,
  alpha: number,
): { dz: tf.Tensor; quadratic: tf.Tensor } {
  registerRateGradient();
  if (hasHostKernel(RATE_GRADIENT)) {
    const [dz, quadratic] = callKernel(RATE_GRADIENT, { all, rows, membership, dy }, { alpha });
    return { dz: dz!, quadratic: quadratic! };
  }
  const [count, dim] = rows.shape;
  const numClusters = membership.shape[1];
  const [ofRate, ofCompressed] = tf.split(dy, 2) as [tf.Tensor1D, tf.Tensor1D];
  const [clusters, whole] = tf.split(all, [numClusters * dim, dim], 1) as [tf.Tensor2D, tf.Tensor2D];
  const perCluster = tf.reshape(clusters, [count, numClusters, dim]);
  const within = tf.sum(tf.mul(perCluster, tf.expandDims(membership, 2)), 1);
  return {
    dz: tf.mul(tf.add(tf.mul(whole, ofRate), tf.mul(within, ofCompressed)), alpha),
    quadratic: tf.sum(tf.mul(perCluster, tf.expandDims(rows, 1)), 2),
  };
}

/** Options of {@link codingRateReduction}. */
export interface CodingRateReductionOptions extends RateOptions {
  /** Number of clusters; needed when membership is given as labels. */
  numClasses?: number;
}

/** Parts of {@link codingRateReduction} in nats; the caller disposes them. */
export interface CodingRateReductionResult {
  /** $R - R_c$, not negative, `[]`. */
  reduction: tf.Scalar;
  /** Rate of all rows together, `[]`. */
  rate: tf.Scalar;
  /** Rate when every cluster is coded by itself, `[]`. */
  compressed: tf.Scalar;
}

/**
 * How much shorter the code gets when every cluster is coded by itself; maximal for orthogonal, full clusters.
 *
 * $\Delta R = R(Z) - \sum_j \tfrac{p_j}{2n} \log\det\bigl(I + \tfrac{d}{p_j \varepsilon^2} Z^\top \mathrm{diag}(\pi_j) Z\bigr)$
 *
 * @param z - Unit rows, `[n, d]`.
 * @param membership - Share of each cluster in each row, `[n, K]`, rows summing to 1; or labels `[n]` with `numClasses`.
 * @param options - See {@link CodingRateReductionOptions}.
 * @returns See {@link CodingRateReductionResult}, differentiable in rows and memberships.
 * @throws {@link ShapeError}, {@link ArgumentError} when shapes or options do not fit.
 * @remarks The gradients are analytic: one product for all Gram matrices, one for all gradients, and a factorisation a cluster.
 * @see Yu et al. (2020), eq. (8); Li, Chen, LeCun, Sommer (2022), Neural manifold clustering and embedding, eq. (4).
 */
export function codingRateReduction(
  z: tf.Tensor2D,
  membership: tf.Tensor2D | tf.Tensor1D,
  options: CodingRateReductionOptions = {},
): CodingRateReductionResult {
  const caller = "codingRateReduction";
  const { epsilonSquared, method } = checkRate(caller, options);
  checkRank(caller, "z", z, 2);
  checkRank(caller, "membership", membership, [1, 2]);
  const count = z.shape[0];
  if (membership.rank === 1) {
    if (options.numClasses === undefined) {
      throw new ArgumentError(
        `${caller}: numClasses is undefined; the number of clusters was expected with labels`,
        {
          argument: "numClasses",
          value: undefined,
        },
      );
    }
    checkInteger(caller, "numClasses", options.numClasses, { min: 1 });
  }
  checkShape(caller, "membership", membership, membership.rank === 1 ? [count] : [count, null]);
  return tf.tidy(() => {
    const pi =
      membership.rank === 1
        ? (tf.cast(
            tf.oneHot(tf.cast(membership as tf.Tensor1D, "int32"), options.numClasses!),
            "float32",
          ) as tf.Tensor2D)
        : (membership as tf.Tensor2D);
    const [rate, compressed] = tf
      .split(rates(z, pi, epsilonSquared, method), 2)
      .map((part) => tf.reshape(part, []) as tf.Scalar);
    return { reduction: tf.sub(rate!, compressed!) as tf.Scalar, rate: rate!, compressed: compressed! };
  });
}

/**
 * Refuses memberships whose rows do not sum to 1, or hold a negative number; {@link codingRateReduction} does not look.
 *
 * @param membership - `[n, K]`.
 * @throws {@link ArgumentError} that names the first such row; {@link ShapeError} unless the rank is 2.
 */
export async function checkMembership(membership: tf.Tensor2D): Promise<void> {
  checkRank("codingRateReduction", "membership", membership, 2);
  const [sums, least] = tf.tidy(() => [tf.sum(membership, 1), tf.min(membership, 1)]) as [
    tf.Tensor,
    tf.Tensor,
  ];
  const [total, smallest] = await Promise.all([sums.data(), least.data()]);
  tf.dispose([sums, least]);
  for (const [row, sum] of total.entries()) {
    const isSimplex = Math.abs(sum - 1) <= 1e-4 && smallest[row]! >= 0;
    if (isSimplex) continue;
    throw new ArgumentError(
      `codingRateReduction: membership row ${row} sums to ${Number(sum.toPrecision(6))}${smallest[row]! < 0 ? ` and holds ${smallest[row]}` : ""}; rows must sum to 1 (softmax the logits first)`,
      { argument: "membership", value: sum },
    );
  }
}

/**
 * Rate reduction of `numClusters` clusters of equal size that fill orthogonal subspaces of equal dimension: the largest for
 * clusters of equal size.
 *
 * $\Delta R^* = \tfrac d2 \ln(1 + 1/\varepsilon^2) - \tfrac{d}{2K} \ln(1 + K/\varepsilon^2)$
 *
 * @param options - Dimension, number of clusters, squared precision.
 * @returns Nats. A clustering whose reduction comes near needs no labels to be believed.
 * @remarks Clusters of unequal size can have more: 40 % of the rows on four of six dimensions and 60 % on the other two have 5.98
 *   nats where this is 5.89. A ratio above 1 tells of such a cut, not of a better one.
 * @throws {@link ArgumentError} for an option out of range.
 * @example
 * ```ts
 * import { idealRateReduction } from "@lab/ssl-losses";
 *
 * idealRateReduction({ dim: 6, numClusters: 2, epsilonSquared: 0.01 }).toFixed(4); // => "5.8904"
 * ```
 */
export function idealRateReduction(options: {
  dim: number;
  numClusters: number;
  epsilonSquared: number;
}): number {
  const d = checkInteger("idealRateReduction", "dim", options.dim, { min: 1 });
  const k = checkInteger("idealRateReduction", "numClusters", options.numClusters, { min: 1 });
  const e = checkNumber("idealRateReduction", "epsilonSquared", options.epsilonSquared, { above: 0 });
  return (d / 2) * Math.log1p(1 / e) - (d / (2 * k)) * Math.log1p(k / e);
}
