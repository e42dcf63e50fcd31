import { checkNumber } from "../../check/index.js";
import { NotPositiveDefiniteError } from "../../errors/index.js";
import { checkMatrixHost } from "./check-host.js";

/** Options of {@link choleskyHost}. */
export interface CholeskyHostOptions {
  /**
   * Multiple of the mean diagonal that is added to the diagonal.
   * @defaultValue 0
   */
  jitter?: number;
}

/**
 * Lower triangular factor of a symmetric positive definite matrix, in double precision.
 *
 * $A = L L^T$
 *
 * @param a - Row-major `n × n` values; only the lower triangle is read.
 * @param n - Order.
 * @param options - See {@link CholeskyHostOptions}.
 * @returns Row-major `n × n` values of $L$ with zeros above the diagonal.
 * @throws {@link ShapeError} when `a` has not `n²` values; {@link ArgumentError} when a value is not finite;
 *   {@link NotPositiveDefiniteError} with the failing pivot.
 * @remarks n³/6 multiply-adds; backward stable: $\|A - LL^T\| \le n\,\epsilon\,\|A\|$.
 * @see Golub, Van Loan (2013), Matrix computations, section 4.2.
 * @example
 * ```ts
 * import { choleskyHost } from "@lab/core/linalg";
 *
 * choleskyHost(Float64Array.of(4, 2, 2, 5), 2); // => Float64Array.of(2, 0, 1, 2)
 * ```
 */
export function choleskyHost(a: Float64Array, n: number, options: CholeskyHostOptions = {}): Float64Array {
  checkMatrixHost("choleskyHost", "a", a, n, n);
  const jitter = checkNumber("choleskyHost", "jitter", options.jitter ?? 0, { min: 0 });
  let shift = 0;
  if (jitter > 0) {
    for (let i = 0; i < n; i++) shift += a[i * n + i]!;
    shift *= jitter / n;
  }
  return factorCholesky("choleskyHost", a, n, shift);
}

/** The factor of `a + shift·I`; checks nothing but the pivots. */
export function factorCholesky(caller: string, a: ArrayLike<number>, n: number, shift = 0): Float64Array {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) l[i * n + j] = a[i * n + j]!;
    l[i * n + i] = a[i * n + i]! + shift;
  }
  // Four rows at a time: their part left of the block in pairs of columns, then the 4 × 4 corner.
  for (let top = 0; top < n; top += 4) {
    const bottom = Math.min(top + 4, n);
    let j = 0;
    if (bottom - top === 4) for (; j + 2 <= top; j += 2) reduceFourRows(l, n, top, j);
    for (let i = top; i < bottom; i++) finishRow(caller, l, n, i, j);
  }
  return l;
}

/** Columns `j` and `j + 1` of rows `i … i + 3`: a 4 × 2 tile of dot products over the finished columns. */
function reduceFourRows(l: Float64Array, n: number, i: number, j: number): void {
  const [r0, r1, r2, r3] = [i * n, (i + 1) * n, (i + 2) * n, (i + 3) * n];
  const [p, q] = [j * n, (j + 1) * n];
  let [s00, s01, s10, s11, s20, s21, s30, s31] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let k = 0; k < j; k++) {
    const b0 = l[p + k]!;
    const b1 = l[q + k]!;
    const a0 = l[r0 + k]!;
    s00 += a0 * b0;
    s01 += a0 * b1;
    const a1 = l[r1 + k]!;
    s10 += a1 * b0;
    s11 += a1 * b1;
    const a2 = l[r2 + k]!;
    s20 += a2 * b0;
    s21 += a2 * b1;
    const a3 = l[r3 + k]!;
    s30 += a3 * b0;
    s31 += a3 * b1;
  }
  const d0 = l[p + j]!;
  const d1 = l[q + j + 1]!;
  const below = l[q + j]!;
  const x0 = (l[r0 + j]! - s00) / d0;
  const x1 = (l[r1 + j]! - s10) / d0;
  const x2 = (l[r2 + j]! - s20) / d0;
  const x3 = (l[r3 + j]! - s30) / d0;
  l[r0 + j] = x0;
  l[r1 + j] = x1;
  l[r2 + j] = x2;
  l[r3 + j] = x3;
  l[r0 + j + 1] = (l[r0 + j + 1]! - s01 - x0 * below) / d1;
  l[r1 + j + 1] = (l[r1 + j + 1]! - s11 - x1 * below) / d1;
  l[r2 + j + 1] = (l[r2 + j + 1]! - s21 - x2 * below) / d1;
  l[r3 + j + 1] = (l[r3 + j + 1]! - s31 - x3 * below) / d1;
}

/** Columns `from … i` of row `i`, with the pivot. */
function finishRow(caller: string, l: Float64Array, n: number, i: number, from: number): void {
  const row = i * n;
  for (let j = from; j <= i; j++) {
    const other = j * n;
    let sum = l[row + j]!;
    for (let k = 0; k < j; k++) sum -= l[row + k]! * l[other + k]!;
    if (j < i) l[row + j] = sum / l[other + j]!;
    else if (sum > 0 && sum < Number.POSITIVE_INFINITY) l[row + i] = Math.sqrt(sum);
    else throw notPositiveDefinite(caller, i, sum);
  }
}

/** The error for a pivot that is not positive. */
export function notPositiveDefinite(caller: string, pivot: number, value: number): NotPositiveDefiniteError {
  return new NotPositiveDefiniteError(
    `${caller}: a has pivot ${pivot} equal to ${value}; a positive definite matrix was expected; add a jitter when rounding is the cause`,
    { pivot, value },
  );
}
