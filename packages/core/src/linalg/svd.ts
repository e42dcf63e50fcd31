import * as tf from "@tensorflow/tfjs-core";
import { DEFAULT_BROADENING } from "./eigh.js";
import { checkMatrix, runKernel } from "./run-kernel.js";

/** Options of {@link svd}. */
export interface SvdOptions {
  /**
   * Whether `u` and `vt` are square; else they have `k = min(m, n)` columns and rows.
   * @defaultValue false
   */
  fullMatrices?: boolean;
}

/** Result of {@link svd}. */
export interface SvdResult {
  /** Left vectors in the columns, `[…,m,k]`, or `[…,m,m]`. */
  u: tf.Tensor;
  /** Singular values, descending, `[…,k]`. */
  s: tf.Tensor;
  /** Right vectors in the rows, `[…,k,n]`, or `[…,n,n]`. */
  vt: tf.Tensor;
}

/**
 * Singular value decompositions.
 *
 * $A = U \operatorname{diag}(s) V^T$
 *
 * @param a - `[…,m,n]`, float32.
 * @param options - See {@link SvdOptions}.
 * @returns See {@link SvdResult}; belongs to the caller. In every column of U the component of largest magnitude is
 *   positive (the first of those that agree to 1e-6).
 * @throws {@link ShapeError}, {@link ArgumentError} for shape, dtype and non-finite values; {@link NumericalError} without
 *   convergence; {@link BackendError} on WebGPU when `a` has not been read: `await a.data()` first.
 * @remarks Double precision inside on wasm and cpu. In the gradient the poles $1/(s_j \pm s_i)$ and $1/s_i$ are broadened as
 *   {@link EighOptions} says, with width 1e-5 of the largest value, so equal and zero singular values give no NaN.
 * @see Townsend (2016), Differentiating the singular value decomposition.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { svd } from "@lab/core/linalg";
 *
 * await init({ backend: "wasm" });
 * const { s } = svd(tf.tensor2d([[0, 2, 0], [3, 0, 0]]));
 * Array.from(await s.data(), (x) => x.toFixed(5)); // => ["3.00000", "2.00000"]
 * ```
 */
export function svd(a: tf.Tensor, options: SvdOptions = {}): SvdResult {
  checkMatrix("svd", "a", a);
  const { fullMatrices = false } = options;
  return tf.tidy(() => {
    const attrs = { fullMatrices, broadening: DEFAULT_BROADENING };
    const [u, s, vt] = runKernel("svd", "LabSvd", { a }, attrs);
    return { u: u!, s: s!, vt: vt! };
  });
}

/**
 * Singular values, without the cost of vectors.
 *
 * @param a - `[…,m,n]`, float32.
 * @returns `[…,min(m,n)]`, descending; belongs to the caller.
 * @throws As {@link svd}.
 * @remarks The gradient $U \operatorname{diag}(\bar s) V^T$ computes the vectors when it is asked for.
 */
export function svdvals(a: tf.Tensor): tf.Tensor {
  checkMatrix("svdvals", "a", a);
  return tf.tidy(() => runKernel("svdvals", "LabSvdvals", { a }, { broadening: DEFAULT_BROADENING })[0]!);
}
