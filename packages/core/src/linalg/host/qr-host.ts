import { checkMatrixHost } from "./check-host.js";
import { makeReflector, type Reflectors, reflectRows, reflectRowsInTurn, steps } from "./reflectors.js";
import { powerOfTwoScale } from "./scale.js";

/** Result of {@link qrHost}. */
export interface QrHostResult {
  /** Row-major `m × min(m, n)`, with orthonormal columns. */
  q: Float64Array;
  /** Row-major `min(m, n) × n`, upper triangular, with a diagonal that is not negative. */
  r: Float64Array;
}

/**
 * Reduced QR factorisation, in double precision.
 *
 * $A = Q R$
 *
 * @param a - Row-major `m × n` values.
 * @param m - Number of rows.
 * @param n - Number of columns.
 * @returns See {@link QrHostResult}; the diagonal of R is not negative, which makes the factors of a matrix of full
 *   column rank unique.
 * @throws {@link ShapeError}, {@link ArgumentError} for sizes and non-finite values.
 * @remarks Householder reflectors, 2mn² − 2n³/3 operations; no pivoting, so it does not reveal the rank.
 * @see Golub, Van Loan (2013), Matrix computations, section 5.2.
 * @example
 * ```ts
 * import { qrHost } from "@lab/core/linalg";
 *
 * const { r } = qrHost(Float64Array.of(0, 2, -3, 1), 2, 2);
 * Array.from(r, Math.round); // => [3, -1, 0, 2]
 * ```
 */
export function qrHost(a: Float64Array, m: number, n: number): QrHostResult {
  checkMatrixHost("qrHost", "a", a, m, n);
  return factorQr(a, m, n);
}

/** The columns of a matrix as rows, reduced to R in place. */
export interface ColumnsReduced {
  /** `n × m`: row j holds the first entries of column j of R. */
  columns: Float64Array;
  /** $Q = H_0 H_1 \cdots$; reflector k acts from coordinate k on. */
  reflectors: Reflectors;
}

/** Reduces `n` columns of `m` numbers, given as rows; leaves R in them. */
export function reduceColumns(columns: Float64Array, m: number, n: number): ColumnsReduced {
  const count = Math.min(m, n);
  const reflectors: Reflectors = {
    vectors: new Float64Array(count * m),
    width: m,
    tau: new Float64Array(count),
    range: (k) => [k, m],
  };
  for (let k = 0; k < count; k++) {
    const { vectors } = reflectors;
    for (let i = k; i < m; i++) vectors[k * m + i] = columns[k * m + i]!;
    const { alpha, tau } = makeReflector(vectors, k * m, k, m, k);
    reflectors.tau[k] = tau;
    columns.fill(0, k * m + k, (k + 1) * m);
    columns[k * m + k] = alpha;
    reflectRows(columns, m, k + 1, n, reflectors, k);
  }
  return { columns, reflectors };
}

/** The factorisation; checks nothing. */
export function factorQr(a: ArrayLike<number>, m: number, n: number): QrHostResult {
  const count = Math.min(m, n);
  const scale = powerOfTwoScale(a);
  const columns = new Float64Array(n * m);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) columns[j * m + i] = a[i * n + j]! * scale;
  const { reflectors } = reduceColumns(columns, m, n);
  const rows = new Float64Array(count * m);
  for (let j = 0; j < count; j++) rows[j * m + j] = 1;
  // Row j of Qᵀ is H_0 … H_j e_j: later reflectors leave e_j alone.
  reflectRowsInTurn(rows, m, count, reflectors, (last) => steps(last - 1, 0, -1));
  const q = new Float64Array(m * count);
  const r = new Float64Array(count * n);
  for (let k = 0; k < count; k++) {
    const sign = columns[k * m + k]! < 0 ? -1 : 1;
    for (let i = 0; i < m; i++) q[i * count + k] = sign * rows[k * m + i]!;
    for (let j = k; j < n; j++) r[k * n + j] = (sign * columns[j * m + k]!) / scale;
  }
  return { q, r };
}
