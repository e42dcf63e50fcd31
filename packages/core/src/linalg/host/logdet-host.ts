import { checkMatrixHost } from "./check-host.js";
import { factorCholesky } from "./cholesky-host.js";
import { slogdetLu } from "./lu-host.js";

/**
 * Logarithm of the determinant of a symmetric positive definite matrix, in double precision.
 *
 * $\log\det A = 2\sum_i \log L_{ii}$
 *
 * @param a - Row-major `n × n` values; only the lower triangle is read.
 * @param n - Order; the determinant of an empty matrix is 1.
 * @returns The logarithm.
 * @throws {@link ShapeError}, {@link ArgumentError} for sizes and non-finite values;
 *   {@link NotPositiveDefiniteError} with the failing pivot.
 * @example
 * ```ts
 * import { logdetHost } from "@lab/core/linalg";
 *
 * Math.exp(logdetHost(Float64Array.of(4, 2, 2, 5), 2)).toFixed(9); // => "16.000000000"
 * ```
 */
export function logdetHost(a: Float64Array, n: number): number {
  checkMatrixHost("logdetHost", "a", a, n, n);
  return logdetFromFactor(factorCholesky("logdetHost", a, n), n);
}

/** Twice the sum of the logarithms of the diagonal of a Cholesky factor. */
export function logdetFromFactor(l: ArrayLike<number>, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.log(l[i * n + i]!);
  return 2 * sum;
}

/**
 * Sign and logarithm of the magnitude of a determinant, in double precision.
 *
 * @param a - Row-major `n × n` values.
 * @param n - Order.
 * @returns `sign` −1, 0 or 1 and `logAbs`; 0 and −∞ for a matrix whose elimination meets a zero pivot.
 * @throws {@link ShapeError}, {@link ArgumentError} for sizes and non-finite values.
 */
export function slogdetHost(a: Float64Array, n: number): { sign: number; logAbs: number } {
  checkMatrixHost("slogdetHost", "a", a, n, n);
  return slogdetLu(a, n);
}
