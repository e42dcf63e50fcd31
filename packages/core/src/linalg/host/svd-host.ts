import { bidiagonalize } from "./bidiagonalize.js";
import { checkMatrixHost } from "./check-host.js";
import { golubKahan } from "./golub-kahan.js";
import { reduceColumns } from "./qr-host.js";
import { type Reflectors, reflectRowsInTurn, steps } from "./reflectors.js";
import { powerOfTwoScale } from "./scale.js";
import { ascendingOrder, signOf } from "./sign-convention.js";

/** Options of {@link svdHost}. */
export interface SvdHostOptions {
  /**
   * Whether `u` and `vt` are square; else they have `min(m, n)` columns and rows.
   * @defaultValue false
   */
  fullMatrices?: boolean;
  /**
   * Whether to compute `u` and `vt`.
   * @defaultValue true
   */
  vectors?: boolean;
}

/** Result of {@link svdHost}. */
export interface SvdHostResult {
  /** Row-major `m × min(m, n)`, or `m × m`; empty when vectors were not asked for. */
  u: Float64Array;
  /** The `min(m, n)` singular values, descending. */
  s: Float64Array;
  /** Row-major `min(m, n) × n`, or `n × n`; empty when vectors were not asked for. */
  vt: Float64Array;
}

/**
 * Singular value decomposition, in double precision.
 *
 * $A = U \operatorname{diag}(s) V^T$
 *
 * @param a - Row-major `m × n` values.
 * @param m - Number of rows.
 * @param n - Number of columns.
 * @param options - See {@link SvdHostOptions}.
 * @returns See {@link SvdHostResult}; in every column of U the component of largest magnitude is positive (the first
 *   of those that agree to 1e-6).
 * @throws {@link ShapeError}, {@link ArgumentError} for sizes and non-finite values; {@link NumericalError} when the
 *   iteration does not converge.
 * @remarks A QR factorisation first where one side is more than 1.5 times the other, Householder bidiagonalisation,
 *   implicit QR. Backward stable: values are accurate to about $n\,\epsilon\,s_1$.
 * @see Golub, Van Loan (2013), Matrix computations, section 8.6.
 * @example
 * ```ts
 * import { svdHost } from "@lab/core/linalg";
 *
 * const { s } = svdHost(Float64Array.of(0, 2, 3, 0), 2, 2);
 * Array.from(s, (value) => value.toFixed(9)); // => ["3.000000000", "2.000000000"]
 * ```
 */
export function svdHost(a: Float64Array, m: number, n: number, options: SvdHostOptions = {}): SvdHostResult {
  checkMatrixHost("svdHost", "a", a, m, n);
  return decomposeSingular("svdHost", a, m, n, options.vectors ?? true, options.fullMatrices ?? false);
}

/** The decomposition; checks nothing. */
export function decomposeSingular(
  caller: string,
  a: ArrayLike<number>,
  m: number,
  n: number,
  withVectors: boolean,
  fullMatrices: boolean,
): SvdHostResult {
  // The columns of the taller of A and its transpose, as rows.
  const isTall = m >= n;
  const [long, short] = isTall ? [m, n] : [n, m];
  const scale = powerOfTwoScale(a);
  const columns = new Float64Array(long * short);
  if (isTall)
    for (let j = 0; j < n; j++) for (let i = 0; i < m; i++) columns[j * m + i] = a[i * n + j]! * scale;
  else for (let i = 0; i < columns.length; i++) columns[i] = a[i]! * scale;
  const parts = decomposeColumns(caller, columns, long, short, withVectors, fullMatrices);
  const s = parts.s.map((value) => value / scale);
  if (!withVectors) return { u: new Float64Array(0), s, vt: new Float64Array(0) };
  const [uRows, vRows] = isTall ? [parts.left, parts.right] : [parts.right, parts.left];
  fixSigns(uRows, m, vRows, n, short);
  return { u: transposed(uRows, uRows.length / Math.max(m, 1), m), s, vt: vRows };
}

interface Parts {
  /** Rows of the left factor's transpose, in the order of `s`. */
  left: Float64Array;
  s: Float64Array;
  right: Float64Array;
}

function decomposeColumns(
  caller: string,
  columns: Float64Array,
  long: number,
  short: number,
  withVectors: boolean,
  fullMatrices: boolean,
): Parts {
  const isReduced = long > 1.5 * short;
  let first: Reflectors | undefined;
  let [core, height] = [columns, long];
  if (isReduced) {
    first = reduceColumns(columns, long, short).reflectors;
    height = short;
    core = new Float64Array(short * short);
    for (let j = 0; j < short; j++) core.set(columns.subarray(j * long, j * long + short), j * short);
  }
  const { diagonal, superDiagonal, left, right } = bidiagonalize(core, height, short);
  if (!withVectors) {
    golubKahan(caller, diagonal, superDiagonal);
    return { left: core, s: diagonal.sort().reverse(), right: core };
  }
  const numLeft = fullMatrices ? long : short;
  const leftRows = new Float64Array(numLeft * long);
  const rightRows = new Float64Array(short * short);
  for (let j = 0; j < numLeft; j++) leftRows[j * long + j] = 1;
  for (let j = 0; j < short; j++) rightRows[j * short + j] = 1;
  // Row j of Uᵀ is H_0 … H_j e_j: later reflectors leave e_j alone. Reflectors of the core act on its coordinates only.
  reflectRowsInTurn(leftRows, long, Math.min(numLeft, isReduced ? short : numLeft), left, (last) =>
    steps(Math.min(last, short) - 1, 0, -1),
  );
  if (first) {
    const outer = first;
    reflectRowsInTurn(leftRows, long, numLeft, outer, () => steps(short - 1, 0, -1));
  }
  reflectRowsInTurn(rightRows, short, short, right, (last) => steps(last - 1, 0, -1));
  golubKahan(caller, diagonal, superDiagonal, {
    left: leftRows,
    leftWidth: long,
    right: rightRows,
    rightWidth: short,
  });
  const order = ascendingOrder(diagonal).reverse();
  return {
    left: reordered(leftRows, long, order),
    s: Float64Array.from(order, (from) => diagonal[from]!),
    right: reordered(rightRows, short, order),
  };
}

/** Rows in another order; those past the end of `order` stay. */
function reordered(rows: Float64Array, width: number, order: Int32Array): Float64Array {
  const out = rows.slice();
  for (let i = 0; i < order.length; i++) {
    out.set(rows.subarray(order[i]! * width, (order[i]! + 1) * width), i * width);
  }
  return out;
}

/** Flips pairs of rows, and rows without a partner, to the sign convention. */
function fixSigns(uRows: Float64Array, m: number, vRows: Float64Array, n: number, pairs: number): void {
  const flip = (rows: Float64Array, width: number, k: number) => {
    for (let j = k * width; j < (k + 1) * width; j++) rows[j] = -rows[j]!;
  };
  const isNegative = (rows: Float64Array, width: number, k: number) =>
    signOf(rows.subarray(k * width, (k + 1) * width)) < 0;
  for (let k = 0; k * m < uRows.length; k++) {
    if (!isNegative(uRows, m, k)) continue;
    flip(uRows, m, k);
    if (k < pairs) flip(vRows, n, k);
  }
  for (let k = pairs; k * n < vRows.length; k++) if (isNegative(vRows, n, k)) flip(vRows, n, k);
}

function transposed(rows: Float64Array, count: number, width: number): Float64Array {
  const out = new Float64Array(rows.length);
  for (let k = 0; k < count; k++) for (let i = 0; i < width; i++) out[i * count + k] = rows[k * width + i]!;
  return out;
}
