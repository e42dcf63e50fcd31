import { checkNumber, checkRank, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/** Deviation below which a column counts as constant: the hinge has no gradient there. */
export const SMALLEST_STD = 1e-8;

function checkCodes(caller: string, codes: tf.Tensor2D): void {
  checkRank(caller, "codes", codes, 2);
  if (codes.shape[0] < 2) {
    throw new ShapeError(
      `${caller}: codes has shape [${codes.shape}]; at least 2 rows were expected, a deviation needs them`,
      { argument: "codes", shape: codes.shape },
    );
  }
}

/** Column means `[1,l]` and standard deviations `[1,l]` (N-1); runs in a tidy. */
export function columnMoments(codes: tf.Tensor2D): { mean: tf.Tensor2D; std: tf.Tensor2D } {
  const rows = codes.shape[0];
  // A product with ones is far faster than a reduction over rows on wasm.
  const ones = tf.fill([1, rows], 1 / rows) as tf.Tensor2D;
  const mean = tf.matMul(ones, codes) as tf.Tensor2D;
  const variance = tf.mul(tf.matMul(ones, tf.square(tf.sub(codes, mean)) as tf.Tensor2D), rows / (rows - 1));
  return { mean, std: tf.sqrt(tf.relu(variance)) as tf.Tensor2D };
}

/**
 * Standard deviation of each code component over the batch, with N-1.
 *
 * $s_j = \sqrt{\sum_i (z_{ij} - m_j)^2 / (N-1)}$
 *
 * @param codes - Shape `[N, l]`, N at least 2.
 * @returns Shape `[l]`; the caller disposes it.
 * @throws {@link ShapeError} for fewer than two rows.
 */
export function codeStd(codes: tf.Tensor2D): tf.Tensor1D {
  checkCodes("codeStd", codes);
  return tf.tidy(() => tf.reshape(columnMoments(codes).std, [-1]) as tf.Tensor1D);
}

/** Options of {@link varianceHinge}. */
export interface VarianceHingeOptions {
  /** Deviation T that every component should have. @defaultValue 0.5, the paper's */
  threshold?: number;
}

/**
 * Squared hinge on the standard deviation of each code component, summed over components.
 *
 * $\sum_j (T - s_j)_+^2$; its gradient is $-\frac{2 (T - s_j)_+}{(N-1) s_j} (z_{ij} - m_j)$, and 0 for a constant column.
 *
 * @param codes - Shape `[N, l]`, N at least 2.
 * @param options - See {@link VarianceHingeOptions}.
 * @returns Scalar; the caller disposes it. Differentiable once.
 * @throws {@link ShapeError} for fewer than two rows.
 * @see Evtimova, LeCun (2022), Sparse Coding with Multi-layer Decoders using Variance Regularization.
 */
export function varianceHinge(codes: tf.Tensor2D, options: VarianceHingeOptions = {}): tf.Scalar {
  checkCodes("varianceHinge", codes);
  const threshold = checkNumber("varianceHinge", "threshold", options.threshold ?? 0.5, { above: 0 });
  const hinge = tf.customGrad((z, save) => {
    const codes = z as tf.Tensor2D;
    const value = tf.sum(tf.square(tf.relu(tf.sub(threshold, columnMoments(codes).std)))) as tf.Scalar;
    (save as tf.GradSaveFunc)([codes]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [codes] = saved as [tf.Tensor2D];
      const { mean } = columnMoments(codes);
      return tf.mul(dy, tf.neg(tf.mul(hingePull(codes, threshold, 1), tf.sub(codes, mean))));
    };
    return { value, gradFunc };
  });
  return hinge(codes) as tf.Scalar;
}

/** $c_j = 2 \beta (T - s_j)_+ / ((N-1) s_j)$, 0 for a constant column, shape `[1, l]`; runs in a tidy. */
export function hingePull(codes: tf.Tensor2D, threshold: number, weight: number): tf.Tensor2D {
  const { std } = columnMoments(codes);
  const isAlive = tf.cast(tf.greater(std, SMALLEST_STD), "float32");
  const scale = (2 * weight) / (codes.shape[0] - 1);
  const ratio = tf.div(tf.relu(tf.sub(threshold, std)), tf.add(std, SMALLEST_STD));
  return tf.mul(tf.mul(ratio, scale), isAlive) as tf.Tensor2D;
}

/** Options of {@link proxVarianceHinge}. */
export interface ProxVarianceHingeOptions {
  /** Deviation T. */
  threshold: number;
  /** Weight $\beta$ of the hinge. */
  weight: number;
}

/**
 * Proximal operator of the weighted variance hinge, exactly.
 *
 * A column keeps its mean; where $s < T$ its centred part is rescaled so that $s$ becomes $(s + \kappa T)/(1 + \kappa)$,
 * $\kappa = 2 \beta \eta / (N - 1)$.
 *
 * @param codes - Shape `[N, l]`, N at least 2.
 * @param step - $\eta$, above 0.
 * @param options - See {@link ProxVarianceHingeOptions}.
 * @returns Same shape; constant columns stay. The caller disposes it.
 * @throws {@link ShapeError} for fewer than two rows, {@link ArgumentError} for a bad number.
 */
export function proxVarianceHinge(
  codes: tf.Tensor2D,
  step: number,
  options: ProxVarianceHingeOptions,
): tf.Tensor2D {
  checkCodes("proxVarianceHinge", codes);
  checkNumber("proxVarianceHinge", "step", step, { above: 0 });
  const threshold = checkNumber("proxVarianceHinge", "threshold", options.threshold, { above: 0 });
  const weight = checkNumber("proxVarianceHinge", "weight", options.weight, { min: 0 });
  return tf.tidy(() => {
    const { mean, std } = columnMoments(codes);
    const kappa = (2 * weight * step) / (codes.shape[0] - 1);
    // (s + κT)/(1 + κ) = s + κ(T - s)/(1 + κ)
    const gain = tf.mul(tf.relu(tf.sub(threshold, std)), kappa / (1 + kappa));
    const isAlive = tf.cast(tf.greater(std, SMALLEST_STD), "float32");
    const factor = tf.mul(tf.div(gain, tf.add(std, SMALLEST_STD)), isAlive);
    return tf.add(codes, tf.mul(tf.sub(codes, mean), factor)) as tf.Tensor2D;
  });
}
