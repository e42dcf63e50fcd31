import { checkInteger, checkRank, checkShape, tidyAsync } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link spectralNormSquared}. */
export interface SpectralNormSquaredOptions {
  /** Power iterations. @defaultValue 30 */
  iterations?: number;
  /** Start, such as the `vector` of an earlier call; shape `[columns]`. @defaultValue a fixed vector without a pattern */
  init?: tf.Tensor1D;
}

/** What {@link spectralNormSquared} found. */
export interface SpectralNormSquared {
  /** Estimate of $\sigma_{\max}^2$, from below. */
  value: number;
  /** Unit vector at which it was reached, shape `[columns]`; the caller disposes it. */
  vector: tf.Tensor1D;
}

/** One product and normalisation of the power iteration on a symmetric matrix; runs in a tidy. */
export function powerStep(gram: tf.Tensor2D, vector: tf.Tensor2D): { vector: tf.Tensor2D; value: tf.Scalar } {
  const product = tf.matMul(gram, vector);
  const norm = tf.norm(product) as tf.Scalar;
  return { vector: tf.div(product, tf.add(norm, 1e-30)) as tf.Tensor2D, value: norm };
}

/**
 * Largest squared singular value by power iteration on $M^\top M$.
 *
 * @param m - Shape `[rows, columns]`.
 * @param options - See {@link SpectralNormSquaredOptions}.
 * @returns See {@link SpectralNormSquared}.
 * @throws {@link ShapeError} for another rank.
 * @remarks A lower bound; multiply it by a margin before dividing by it. For an exact value use `svdvals` of `@lab/core/linalg`.
 */
export async function spectralNormSquared(
  m: tf.Tensor2D,
  options: SpectralNormSquaredOptions = {},
): Promise<SpectralNormSquared> {
  checkRank("spectralNormSquared", "m", m, 2);
  const iterations = checkInteger("spectralNormSquared", "iterations", options.iterations ?? 30, { min: 1 });
  const columns = m.shape[1];
  if (options.init) checkShape("spectralNormSquared", "init", options.init, [columns]);
  return tidyAsync(async (track) => {
    const [vector, value] = tf.tidy(() => {
      const gram = tf.matMul(m, m, true, false) as tf.Tensor2D;
      let at = tf.reshape(options.init ?? tf.tensor1d(startVector(columns)), [columns, 1]) as tf.Tensor2D;
      let value: tf.Scalar = tf.scalar(0);
      for (let i = 0; i < iterations; i++) ({ vector: at, value } = powerStep(gram, at));
      return [tf.reshape(at, [columns]) as tf.Tensor1D, value] as const;
    });
    track(value);
    track(vector);
    return { value: (await value.data())[0]!, vector };
  });
}

/**
 * A fixed unit vector without a pattern, where power iterations start: fractional parts of a quadratic sequence.
 *
 * A vector of ones would be orthogonal to what matters for dictionaries whose atoms have mean 0.
 */
export function startVector(length: number): Float32Array {
  const values = Float64Array.from({ length }, (_, i) => {
    const x = 0.6180339887498949 * (i + 1) + 0.7548776662466927 * (i + 1) * (i + 1);
    return x - Math.floor(x) - 0.5;
  });
  const norm = Math.hypot(...values);
  return Float32Array.from(values, (v) => v / norm);
}
