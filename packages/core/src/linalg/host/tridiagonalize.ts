import { makeReflector, type Reflectors } from "./reflectors.js";

/** A symmetric matrix as $Q T Q^T$ with tridiagonal T. */
export interface Tridiagonal {
  /** Diagonal of T. */
  diagonal: Float64Array;
  /** `offDiagonal[i]` couples i − 1 and i; the first value is 0. */
  offDiagonal: Float64Array;
  /** $Q = H_{n-1} \cdots H_1$; reflector i acts on the first i coordinates. */
  reflectors: Reflectors;
}

/**
 * Householder reduction of a symmetric matrix to tridiagonal form.
 *
 * Rows go from last to first, so that each reflector is a piece of a row. The rank-two update of one step and the
 * matrix-vector product of the next share a single pass over the lower triangle.
 *
 * @param a - Row-major `n × n`; only the lower triangle is used, which is overwritten.
 * @see Golub, Van Loan (2013), Matrix computations, algorithm 8.3.1.
 */
export function tridiagonalize(a: Float64Array, n: number): Tridiagonal {
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  const tau = new Float64Array(n);
  let v = new Float64Array(n);
  let next = new Float64Array(n);
  const w = new Float64Array(n);
  const p = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    // Row i, brought up to date with the previous step.
    for (let j = 0; j <= i; j++) a[row + j] = a[row + j]! - v[i]! * w[j]! - w[i]! * v[j]!;
    diagonal[i] = a[row + i]!;
    if (i === 0) break;
    const made = makeReflector(a, row, 0, i, i - 1);
    offDiagonal[i] = made.alpha;
    tau[i] = made.tau;
    for (let j = 0; j < i; j++) next[j] = a[row + j]!;
    updateAndMultiply(a, n, i, v, w, next, p);
    // w = tau·p − (tau²/2 · pᵀv) v makes A − v wᵀ − w vᵀ the two-sided reflection.
    let dot = 0;
    for (let j = 0; j < i; j++) dot += p[j]! * next[j]!;
    const half = 0.5 * made.tau * made.tau * dot;
    for (let j = 0; j < i; j++) w[j] = made.tau * p[j]! - half * next[j]!;
    [v, next] = [next, v];
  }
  return { diagonal, offDiagonal, reflectors: { vectors: a, width: n, tau, range: (k) => [0, k] } };
}

/** Rows 0 … size − 1 of the lower triangle minus v wᵀ + w vᵀ; p becomes the updated matrix times u. */
function updateAndMultiply(
  a: Float64Array,
  n: number,
  size: number,
  v: Float64Array,
  w: Float64Array,
  u: Float64Array,
  p: Float64Array,
): void {
  let r = 0;
  for (; r + 2 <= size; r += 2) {
    const first = r * n;
    const second = first + n;
    const [v0, v1, w0, w1, u0, u1] = [v[r]!, v[r + 1]!, w[r]!, w[r + 1]!, u[r]!, u[r + 1]!];
    let s0 = 0;
    let s1 = 0;
    for (let j = 0; j < r; j++) {
      const vj = v[j]!;
      const wj = w[j]!;
      const uj = u[j]!;
      const x = a[first + j]! - v0 * wj - w0 * vj;
      const y = a[second + j]! - v1 * wj - w1 * vj;
      a[first + j] = x;
      a[second + j] = y;
      s0 += x * uj;
      s1 += y * uj;
      p[j] = p[j]! + x * u0 + y * u1;
    }
    const x = a[first + r]! - 2 * v0 * w0;
    const y = a[second + r]! - v1 * w0 - w1 * v0;
    const z = a[second + r + 1]! - 2 * v1 * w1;
    a[first + r] = x;
    a[second + r] = y;
    a[second + r + 1] = z;
    p[r] = s0 + x * u0 + y * u1;
    p[r + 1] = s1 + y * u0 + z * u1;
  }
  if (r < size) {
    const row = r * n;
    let sum = 0;
    for (let j = 0; j < r; j++) {
      const x = a[row + j]! - v[r]! * w[j]! - w[r]! * v[j]!;
      a[row + j] = x;
      sum += x * u[j]!;
      p[j] = p[j]! + x * u[r]!;
    }
    a[row + r] = a[row + r]! - 2 * v[r]! * w[r]!;
    p[r] = sum + a[row + r]! * u[r]!;
  }
}
