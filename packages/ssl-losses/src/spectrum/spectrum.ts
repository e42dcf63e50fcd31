import { checkBoolean, checkChoice, checkRank, DataError, formatShape, ShapeError } from "@lab/core";
import { eighHost, eigvalsh, svdHost } from "@lab/core/linalg";
import * as tf from "@tensorflow/tfjs-core";
import { rowNormalize } from "../contrastive/row-normalize.js";
import { CovarianceAccumulator } from "./covariance-accumulator.js";

/** Options of {@link spectrum}. */
export interface SpectrumOptions {
  /** Whether rows are brought to norm 1 first; not for an accumulator, which has seen its rows. @defaultValue true, as in the released code */
  normalize?: boolean;
  /** Whether the covariance divides by n − 1. @defaultValue false, as in the paper */
  unbiased?: boolean;
  /** Where eigenvalues are computed; float32 shows nothing below 1e-7 of the largest. @defaultValue `"float64"` */
  precision?: "float32" | "float64";
}

/** How many dimensions embeddings use, by several conventions. */
export interface Spectrum {
  /** Eigenvalues of the covariance, descending; tiny negatives are 0. */
  values: Float64Array;
  /** exp of the entropy of the singular values of the uncentred rows; absent for an accumulator. */
  rankMe?: number;
  /** exp of the entropy of the eigenvalues. */
  effectiveRank: number;
  /** $(\sum \lambda)^2 / \sum \lambda^2$. */
  participationRatio: number;
  /** $\lVert Z \rVert_F^2 / \sigma_1^2$ of the uncentred rows; for an accumulator, of the centred ones. */
  stableRank: number;
  /** Relative size below which a value is noise of the arithmetic. */
  floor: number;
  /** Number of eigenvalues below `threshold` times the largest. @defaultValue threshold 1e-4 */
  numCollapsed(threshold?: number): number;
}

const RANK_ME_EPSILON = 1e-7;

/** exp of the entropy of values that are made to sum to 1. */
function entropyRank(values: ArrayLike<number>, epsilon: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  let entropy = 0;
  for (let i = 0; i < values.length; i++) {
    const p = values[i]! / (sum || 1) + epsilon;
    if (p > 0) entropy -= p * Math.log(p);
  }
  return Math.exp(entropy);
}

async function singularValues(z: tf.Tensor2D): Promise<Float64Array> {
  const [n, d] = z.shape;
  const values = Float64Array.from(await z.data());
  if (!values.every(Number.isFinite))
    throw new DataError("spectrum: z holds NaN or an infinity; finite numbers were expected", { path: "z" });
  return svdHost(values, n, d).s;
}

/**
 * Eigenvalues of the covariance of embeddings, and the ranks that follow from them.
 *
 * $C = \tfrac1n \sum_i (z_i - \bar z)(z_i - \bar z)^\top$
 *
 * @param z - Embeddings `[n, dim]`, or what an accumulator has seen of them.
 * @param options - See {@link SpectrumOptions}.
 * @returns See {@link Spectrum}.
 * @throws {@link ShapeError} for fewer than two rows; {@link ArgumentError} for a wrong option; {@link DataError} for NaN.
 * @remarks With fewer rows than columns at most n − 1 values differ from 0, whatever the encoder does.
 * @see Jing, Vincent, LeCun, Tian (2022), section 3; Garrido et al. (2023), RankMe; Roy, Vetterli (2007), The effective rank.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { spectrum } from "@lab/ssl-losses";
 *
 * await init();
 * const line = tf.tensor2d([[1, 2], [2, 4], [3, 6]]); // one dimension of two
 * const { values, numCollapsed } = await spectrum(line, { normalize: false });
 * values[0]!.toFixed(3); // => "3.333"
 * numCollapsed(); // => 1
 * ```
 */
export async function spectrum(
  z: tf.Tensor2D | CovarianceAccumulator,
  options: SpectrumOptions = {},
): Promise<Spectrum> {
  const unbiased = checkBoolean("spectrum", "unbiased", options.unbiased ?? false);
  const normalize = checkBoolean("spectrum", "normalize", options.normalize ?? true);
  const precision = checkChoice("spectrum", "precision", options.precision ?? "float64", [
    "float32",
    "float64",
  ] as const);
  let uncentred: Float64Array | undefined;
  let accumulator: CovarianceAccumulator;
  if (z instanceof CovarianceAccumulator) accumulator = z;
  else {
    checkRank("spectrum", "z", z, 2);
    const rows = normalize ? rowNormalize(z) : z;
    try {
      uncentred = await singularValues(rows);
      accumulator = new CovarianceAccumulator();
      await accumulator.update(rows);
    } finally {
      if (normalize) rows.dispose();
    }
  }
  const { covariance, count, mean } = accumulator.result();
  const dim = mean.length;
  if (count < 2) {
    throw new ShapeError(
      `spectrum: z has shape ${formatShape([count, dim])}; at least 2 rows were expected`,
      {
        argument: "z",
        shape: [count, dim],
      },
    );
  }
  const scale = unbiased ? count / (count - 1) : 1;
  const ascending = await eigenvalues(covariance, dim, precision);
  const values = Float64Array.from(ascending, (value) => Math.max(0, value * scale)).reverse();
  const sum = values.reduce((a, b) => a + b, 0);
  const squares = values.reduce((a, b) => a + b * b, 0);
  const energies = uncentred ? uncentred.map((s) => s * s) : values;
  return {
    values,
    ...(uncentred ? { rankMe: entropyRank(uncentred, RANK_ME_EPSILON) } : {}),
    effectiveRank: entropyRank(values, 0),
    participationRatio: squares > 0 ? sum ** 2 / squares : 0,
    stableRank: energies[0]! > 0 ? energies.reduce((a, b) => a + b, 0) / energies[0]! : 0,
    floor: precision === "float32" ? 1e-7 : 1e-15,
    numCollapsed: (threshold = 1e-4) => values.filter((value) => value < threshold * values[0]!).length,
  };
}

async function eigenvalues(
  c: Float64Array,
  dim: number,
  precision: "float32" | "float64",
): Promise<ArrayLike<number>> {
  if (precision === "float64") return eighHost(c, dim).values;
  const values = tf.tidy(() => eigvalsh(tf.tensor2d(Float32Array.from(c), [dim, dim])));
  const read = await values.data();
  values.dispose();
  return read;
}

/**
 * RankMe: exp of the entropy of the singular values of the uncentred embeddings, as they are.
 *
 * $\exp(-\sum_k p_k \log p_k)$ with $p_k = \sigma_k / \sum \sigma + 10^{-7}$
 *
 * @param z - `[n, dim]`.
 * @returns From 1 to min(n, dim), up to the added 1e-7.
 * @throws {@link ShapeError} unless the rank is 2.
 * @see Garrido, Balestriero, Najman, LeCun (2023), RankMe, eq. (1).
 */
export async function rankMe(z: tf.Tensor2D): Promise<number> {
  checkRank("rankMe", "z", z, 2);
  return entropyRank(await singularValues(z), RANK_ME_EPSILON);
}
