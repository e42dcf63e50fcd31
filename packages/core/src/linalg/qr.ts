import * as tf from "@tensorflow/tfjs-core";
import { block } from "./matrix-ops.js";
import { checkMatrix, isRecorded, runKernel } from "./run-kernel.js";

/** Result of {@link qr}. */
export interface QrResult {
  /** Orthonormal columns, `[…,m,k]`, k = min(m, n). */
  q: tf.Tensor;
  /** Upper triangular, `[…,k,n]`, with a diagonal that is not negative. */
  r: tf.Tensor;
}

/**
 * Reduced QR factorisations.
 *
 * $A = Q R$
 *
 * @param a - `[…,m,n]`, float32.
 * @returns See {@link QrResult}; belongs to the caller. The diagonal of R is not negative, which makes the factors of
 *   a matrix whose first min(m, n) columns are independent unique.
 * @throws {@link ShapeError}, {@link ArgumentError} for shape, dtype and non-finite values; {@link BackendError} on WebGPU when `a`
 *   has not been read: `await a.data()` first; {@link NumericalError} from the gradient where R has a zero on its diagonal.
 * @remarks Householder reflectors in double precision on wasm and cpu; no pivoting, so it does not reveal the rank.
 */
export function qr(a: tf.Tensor): QrResult {
  checkMatrix("qr", "a", a);
  const [m, n] = [a.shape.at(-2)!, a.shape.at(-1)!];
  return tf.tidy(() => {
    if (m >= n || !isRecorded()) {
      const [q, r] = runKernel("qr", "LabQr", { a });
      return { q: q!, r: r! };
    }
    // A = [X | Y] with square X: the gradient of X = Q R₁ and of R₂ = QᵀY is all there is.
    const [q, first] = runKernel("qr", "LabQr", { a: block(a, 0, 0, m, m) });
    const rest = tf.matMul(q!, block(a, 0, m, m, n - m), true);
    return { q: q!, r: tf.concat([first!, rest], -1) };
  });
}
