import * as tf from "@tensorflow/tfjs-core";
import { checkNumber } from "../check/index.js";
import { checkSquare, runKernel } from "./run-kernel.js";

/**
 * Width of the Lorentzian that replaces the poles of spectral gradients, relative to the largest magnitude of the
 * spectrum: a gap of 1e-3 is changed by 1e-4 of its value, while rounding (gaps near 1e-7) is amplified a
 * thousandfold at most.
 */
export const DEFAULT_BROADENING = 1e-5;

/** Options of {@link eigh}. */
export interface EighOptions {
  /**
   * In the gradient, $1/(\lambda_j - \lambda_i)$ becomes $\Delta / (\Delta^2 + w^2)$ with $w$ this multiple of the largest
   * magnitude of the spectrum. Exactly degenerate pairs then contribute nothing instead of NaN.
   * @defaultValue 1e-5
   */
  broadening?: number;
}

/** Result of {@link eigh}. */
export interface EighResult {
  /** Eigenvalues, ascending, `[…,n]`. */
  values: tf.Tensor;
  /** Eigenvectors in the columns, `[…,n,n]`. */
  vectors: tf.Tensor;
}

/**
 * Eigenvalues and eigenvectors of symmetric matrices.
 *
 * $A = V \operatorname{diag}(\lambda) V^T$
 *
 * @param a - `[…,n,n]`, float32; only the lower triangles are read.
 * @param options - See {@link EighOptions}.
 * @returns See {@link EighResult}; belongs to the caller. In every vector the component of largest magnitude is
 *   positive (the first of those that agree to 1e-6).
 * @throws {@link ShapeError}, {@link ArgumentError} for shape, dtype and non-finite values; {@link NumericalError} without
 *   convergence; {@link BackendError} on WebGPU when `a` has not been read: `await a.data()` first.
 * @remarks Double precision inside on wasm and cpu, 0.3 to 0.5 s at n = 512. The gradient is that of a symmetric
 *   argument; gradients of functions that depend on the basis within an eigenspace do not exist and are damped.
 * @see Giles (2008), Collected matrix derivative results, section 3.1.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { eigh } from "@lab/core/linalg";
 *
 * await init({ backend: "wasm" });
 * const { values } = eigh(tf.tensor2d([[2, 1], [1, 2]]));
 * Array.from(await values.data(), (x) => x.toFixed(5)); // => ["1.00000", "3.00000"]
 * ```
 */
export function eigh(a: tf.Tensor, options: EighOptions = {}): EighResult {
  checkSquare("eigh", "a", a);
  const broadening = checkNumber("eigh", "broadening", options.broadening ?? DEFAULT_BROADENING, { min: 0 });
  return tf.tidy(() => {
    const [values, vectors] = runKernel("eigh", "LabEigh", { a }, { broadening });
    return { values: values!, vectors: vectors! };
  });
}

/**
 * Eigenvalues of symmetric matrices, without the cost of vectors.
 *
 * @param a - `[…,n,n]`, float32; only the lower triangles are read.
 * @returns `[…,n]`, ascending; belongs to the caller.
 * @throws As {@link eigh}.
 * @remarks The gradient $V \operatorname{diag}(\bar\lambda) V^T$ computes the vectors when it is asked for.
 */
export function eigvalsh(a: tf.Tensor): tf.Tensor {
  checkSquare("eigvalsh", "a", a);
  return tf.tidy(() => runKernel("eigvalsh", "LabEigvalsh", { a }, { broadening: DEFAULT_BROADENING })[0]!);
}
