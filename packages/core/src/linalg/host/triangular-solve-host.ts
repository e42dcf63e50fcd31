import { NumericalError } from "../../errors/index.js";
import { checkMatrixHost } from "./check-host.js";

/** Options of {@link triangularSolveHost}. */
export interface TriangularSolveHostOptions {
  /**
   * Whether `l` is lower triangular; else it is upper triangular.
   * @defaultValue true
   */
  lower?: boolean;
  /**
   * Whether to solve with the transpose of `l`.
   * @defaultValue false
   */
  transpose?: boolean;
}

/**
 * Solves a triangular system for many right sides, in double precision.
 *
 * $L X = B$, or $L^T X = B$ with `transpose`.
 *
 * @param l - Row-major `n × n` values; the other triangle is not read.
 * @param b - Row-major `n × k` values.
 * @param n - Order.
 * @param k - Number of right sides.
 * @param options - See {@link TriangularSolveHostOptions}.
 * @returns Row-major `n × k` values of $X$.
 * @throws {@link ShapeError}, {@link ArgumentError} for sizes and non-finite values; {@link NumericalError} when a
 *   diagonal value is zero.
 * @example
 * ```ts
 * import { triangularSolveHost } from "@lab/core/linalg";
 *
 * triangularSolveHost(Float64Array.of(2, 0, 1, 2), Float64Array.of(2, 5), 2, 1); // => Float64Array.of(1, 2)
 * ```
 */
export function triangularSolveHost(
  l: Float64Array,
  b: Float64Array,
  n: number,
  k: number,
  options: TriangularSolveHostOptions = {},
): Float64Array {
  checkMatrixHost("triangularSolveHost", "l", l, n, n);
  checkMatrixHost("triangularSolveHost", "b", b, n, k);
  const x = Float64Array.from(b);
  solveTriangular("triangularSolveHost", l, x, n, k, options.lower ?? true, options.transpose ?? false);
  return x;
}

/**
 * Solves with the Cholesky factor: $L L^T X = B$.
 *
 * @param l - Row-major `n × n` lower triangular factor, as {@link choleskyHost} returns it.
 * @param b - Row-major `n × k` values.
 * @param n - Order.
 * @param k - Number of right sides.
 * @returns Row-major `n × k` values of $X$.
 * @throws {@link ShapeError}, {@link ArgumentError} for sizes and non-finite values; {@link NumericalError} when a
 *   diagonal value is zero.
 */
export function choleskySolveHost(l: Float64Array, b: Float64Array, n: number, k: number): Float64Array {
  checkMatrixHost("choleskySolveHost", "l", l, n, n);
  checkMatrixHost("choleskySolveHost", "b", b, n, k);
  const x = Float64Array.from(b);
  solveTriangular("choleskySolveHost", l, x, n, k, true, false);
  solveTriangular("choleskySolveHost", l, x, n, k, true, true);
  return x;
}

/** Overwrites the right sides `x` with the solution; checks nothing but the diagonal. */
export function solveTriangular(
  caller: string,
  l: ArrayLike<number>,
  x: Float64Array,
  n: number,
  k: number,
  lower: boolean,
  transpose: boolean,
): void {
  const t = l instanceof Float64Array ? l : Float64Array.from(l);
  for (let i = 0; i < n; i++) {
    if (t[i * n + i] === 0) {
      throw new NumericalError(
        `${caller}: l has 0 at diagonal index ${i}; a non-singular triangular matrix was expected`,
        { iteration: i, residual: 0 },
      );
    }
  }
  const forward = lower !== transpose;
  for (let step = 0; step < n; step++) {
    const i = forward ? step : n - 1 - step;
    const [from, to] = forward ? [0, i] : [i + 1, n];
    // Row i of the (transposed) matrix: entry j at t[i·n + j], or at t[j·n + i].
    if (k === 1) {
      let sum = x[i]!;
      if (transpose) for (let j = from; j < to; j++) sum -= t[j * n + i]! * x[j]!;
      else for (let j = from; j < to; j++) sum -= t[i * n + j]! * x[j]!;
      x[i] = sum / t[i * n + i]!;
      continue;
    }
    let j = from;
    for (; j + 4 <= to; j += 4) subtractFour(t, x, n, k, i, j, transpose);
    for (; j < to; j++) subtractOne(x, k, i, j, transpose ? t[j * n + i]! : t[i * n + j]!);
    const inverse = 1 / t[i * n + i]!;
    for (let c = i * k; c < (i + 1) * k; c++) x[c] = x[c]! * inverse;
  }
}

/** Row i of `x` minus four multiples of rows j … j + 3. */
function subtractFour(
  t: Float64Array,
  x: Float64Array,
  n: number,
  k: number,
  i: number,
  j: number,
  transpose: boolean,
): void {
  const [start, step] = transpose ? [j * n + i, n] : [i * n + j, 1];
  const c0 = t[start]!;
  const c1 = t[start + step]!;
  const c2 = t[start + 2 * step]!;
  const c3 = t[start + 3 * step]!;
  const target = i * k;
  const r0 = j * k;
  const r1 = r0 + k;
  const r2 = r1 + k;
  const r3 = r2 + k;
  for (let c = 0; c < k; c++) {
    x[target + c] =
      x[target + c]! - (c0 * x[r0 + c]! + c1 * x[r1 + c]! + (c2 * x[r2 + c]! + c3 * x[r3 + c]!));
  }
}

function subtractOne(x: Float64Array, k: number, i: number, j: number, factor: number): void {
  for (let c = 0; c < k; c++) x[i * k + c] = x[i * k + c]! - factor * x[j * k + c]!;
}
