import { NumericalError } from "../../errors/index.js";
import { checkMatrixHost } from "./check-host.js";
import { solveTriangular } from "./triangular-solve-host.js";

/** Factors of a row-permuted matrix: unit lower and upper triangle in one array. */
export interface LuFactors {
  /** Row-major `n × n`: $U$ on and above the diagonal, $L$ without its unit diagonal below. */
  lu: Float64Array;
  /** Row of the input that stands in each row of the factors. */
  order: Int32Array;
  /** Sign of the permutation. */
  sign: number;
  /** First column without a pivot; −1 for a non-singular matrix. */
  singularAt: number;
}

/** Gaussian elimination with partial pivoting; goes on past a zero pivot, which `singularAt` reports. */
export function factorLu(a: ArrayLike<number>, n: number): LuFactors {
  const lu = Float64Array.from(a);
  const order = Int32Array.from({ length: n }, (_, i) => i);
  let sign = 1;
  let singularAt = -1;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(lu[i * n + k]!) > Math.abs(lu[best * n + k]!)) best = i;
    }
    const pivot = lu[best * n + k]!;
    if (pivot === 0) {
      if (singularAt < 0) singularAt = k;
      continue;
    }
    if (best !== k) {
      sign = -sign;
      swapRows(lu, n, best, k);
      const kept = order[k]!;
      order[k] = order[best]!;
      order[best] = kept;
    }
    for (let i = k + 1; i < n; i++) {
      const factor = lu[i * n + k]! / pivot;
      lu[i * n + k] = factor;
      if (factor === 0) continue;
      const [row, top] = [i * n, k * n];
      for (let j = k + 1; j < n; j++) lu[row + j] = lu[row + j]! - factor * lu[top + j]!;
    }
  }
  return { lu, order, sign, singularAt };
}

function swapRows(values: Float64Array, n: number, i: number, j: number): void {
  const kept = values.slice(i * n, (i + 1) * n);
  values.copyWithin(i * n, j * n, (j + 1) * n);
  values.set(kept, j * n);
}

/**
 * Solves a square system for many right sides, in double precision.
 *
 * $A X = B$
 *
 * @param a - Row-major `n × n` values.
 * @param b - Row-major `n × k` values.
 * @param n - Order.
 * @param k - Number of right sides.
 * @returns Row-major `n × k` values of $X$.
 * @throws {@link ShapeError}, {@link ArgumentError} for sizes and non-finite values; {@link NumericalError} when the
 *   matrix is singular to working precision.
 * @remarks Gaussian elimination with partial pivoting, n³/3 multiply-adds.
 * @example
 * ```ts
 * import { solveHost } from "@lab/core/linalg";
 *
 * solveHost(Float64Array.of(0, 2, 4, 0), Float64Array.of(2, 4), 2, 1); // => Float64Array.of(1, 1)
 * ```
 */
export function solveHost(a: Float64Array, b: Float64Array, n: number, k: number): Float64Array {
  checkMatrixHost("solveHost", "a", a, n, n);
  checkMatrixHost("solveHost", "b", b, n, k);
  return solveLu("solveHost", a, b, n, k, 2 ** -52);
}

/** Solves `a x = b`; a pivot below `n · epsilon` of the largest value in its column counts as zero. */
export function solveLu(
  caller: string,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  n: number,
  k: number,
  epsilon: number,
): Float64Array {
  const { lu, order } = factorLu(a, n);
  for (let j = 0; j < n; j++) {
    let largest = 0;
    for (let i = 0; i < n; i++) largest = Math.max(largest, Math.abs(a[i * n + j]!));
    const pivot = Math.abs(lu[j * n + j]!);
    if (pivot <= n * epsilon * largest) throw singular(caller, j, pivot);
  }
  const x = new Float64Array(n * k);
  for (let i = 0; i < n; i++) for (let c = 0; c < k; c++) x[i * k + c] = b[order[i]! * k + c]!;
  // The unit diagonal of L is not stored: solve with it by dividing it out of the factor.
  const lower = Float64Array.from(lu);
  for (let i = 0; i < n; i++) lower[i * n + i] = 1;
  solveTriangular(caller, lower, x, n, k, true, false);
  solveTriangular(caller, lu, x, n, k, false, false);
  return x;
}

function singular(caller: string, index: number, pivot: number): NumericalError {
  return new NumericalError(
    `${caller}: a has pivot ${index} of size ${pivot}; a matrix that is not singular was expected; use lstsq or pinv for a singular one`,
    { iteration: index, residual: pivot },
  );
}

/** Sign and logarithm of the magnitude of a determinant; 0 and −∞ for a singular matrix. */
export function slogdetLu(a: ArrayLike<number>, n: number): { sign: number; logAbs: number } {
  const { lu, sign, singularAt } = factorLu(a, n);
  if (singularAt >= 0) return { sign: 0, logAbs: Number.NEGATIVE_INFINITY };
  let [total, result] = [0, sign];
  for (let i = 0; i < n; i++) {
    const pivot = lu[i * n + i]!;
    total += Math.log(Math.abs(pivot));
    if (pivot < 0) result = -result;
  }
  return { sign: result, logAbs: total };
}
