import { NumericalError } from "../../errors/index.js";
import { type Rotations, rotateAscending, rotatePair } from "./rotations.js";

const EPSILON = 2 ** -52;
/** In a matrix scaled to order one, what is below this is dropped: its square would underflow. */
const NEGLIGIBLE = 1e-150;
/**
 * Sweeps over all values together: where magnitudes decline over many orders, the shift is lost beside the largest value
 * and a single value may take hundreds, while its neighbours settle along with it.
 */
const SWEEPS_PER_VALUE = 10;
const MORE_SWEEPS = 75;

/** Rows that are rotated along with a bidiagonal matrix. */
export interface RotatedRows {
  /** Rows of $U^T$. */
  left: Float64Array;
  /** Numbers in a row of `left`. */
  leftWidth: number;
  /** Rows of $V^T$. */
  right: Float64Array;
  /** Numbers in a row of `right`. */
  rightWidth: number;
}

/**
 * Singular values of an upper bidiagonal matrix by the implicitly shifted QR iteration of Golub and Kahan.
 *
 * @param d - Diagonal, of order one; becomes the singular values, not negative, unordered.
 * @param e - Superdiagonal, last value 0; destroyed.
 * @param rows - Rotated along, when given.
 * @throws {@link NumericalError} when a value does not settle.
 * @see Golub, Reinsch (1970), Singular value decomposition and least squares solutions; splitting as in LINPACK's dsvdc.
 */
export function golubKahan(caller: string, d: Float64Array, e: Float64Array, rows?: RotatedRows): void {
  const left: Rotations = { cos: new Float64Array(d.length), sin: new Float64Array(d.length) };
  const right: Rotations = { cos: new Float64Array(d.length), sin: new Float64Array(d.length) };
  let end = d.length; // values from `end` on have settled
  let sweep = 0;
  const mostSweeps = SWEEPS_PER_VALUE * d.length + MORE_SWEEPS;
  let largest = 0;
  for (let k = 0; k < end; k++) largest = Math.max(largest, Math.abs(d[k]!), Math.abs(e[k]!));
  // Relative to the whole matrix: rounding in a shifted sweep keeps a coupling between tiny values from going lower.
  const negligible = Math.max(NEGLIGIBLE, (EPSILON / 4) * largest);
  while (end > 0) {
    const start = blockStart(d, e, end, negligible);
    if (start === end - 1) {
      makePositive(d, start, rows);
      end--;
      continue;
    }
    if (sweep++ === mostSweeps) {
      throw new NumericalError(
        `${caller}: singular value ${end - 1} has not settled after ${mostSweeps} sweeps over all values; convergence was expected`,
        { iteration: end - 1, residual: Math.abs(e[end - 2]!) },
      );
    }
    const zero = zeroDiagonal(d, start, end);
    if (zero === end - 1) chaseUp(d, e, start, end, rows);
    else if (zero >= 0) chaseRight(d, e, zero, end, rows);
    else {
      qrSweep(d, e, start, end, left, right);
      if (rows) {
        rotateAscending(rows.right, rows.rightWidth, start, end - 2, right);
        rotateAscending(rows.left, rows.leftWidth, start, end - 2, left);
      }
    }
  }
}

/** First index of the last unsplit block; drops negligible couplings. */
function blockStart(d: Float64Array, e: Float64Array, end: number, negligible: number): number {
  for (let k = end - 2; k >= 0; k--) {
    const size = Math.abs(e[k]!);
    if (size <= negligible || size <= EPSILON * (Math.abs(d[k]!) + Math.abs(d[k + 1]!))) {
      e[k] = 0;
      return k + 1;
    }
  }
  return 0;
}

/** Index of a negligible diagonal value in the block, set to 0; −1 when there is none. */
function zeroDiagonal(d: Float64Array, start: number, end: number): number {
  let largest = 0;
  for (let k = start; k < end; k++) largest = Math.max(largest, Math.abs(d[k]!));
  for (let k = end - 1; k >= start; k--) {
    if (Math.abs(d[k]!) <= Math.max(NEGLIGIBLE, EPSILON * largest * 1e-3)) {
      d[k] = 0;
      return k;
    }
  }
  return -1;
}

/** d[end − 1] is zero: rotations of columns move the coupling above it out at the top. */
function chaseUp(d: Float64Array, e: Float64Array, start: number, end: number, rows?: RotatedRows): void {
  let f = e[end - 2]!;
  e[end - 2] = 0;
  for (let j = end - 2; j >= start; j--) {
    const t = Math.hypot(d[j]!, f);
    const c = d[j]! / t;
    const s = f / t;
    d[j] = t;
    if (j > start) {
      f = -s * e[j - 1]!;
      e[j - 1] = c * e[j - 1]!;
    }
    if (rows) rotatePair(rows.right, rows.rightWidth, j, end - 1, c, s);
    if (f === 0) break;
  }
}

/** d[zero] is zero: rotations of rows move the coupling beside it out at the right. */
function chaseRight(d: Float64Array, e: Float64Array, zero: number, end: number, rows?: RotatedRows): void {
  let f = e[zero]!;
  e[zero] = 0;
  for (let j = zero + 1; j < end; j++) {
    const t = Math.hypot(d[j]!, f);
    const c = d[j]! / t;
    const s = f / t;
    d[j] = t;
    f = -s * e[j]!;
    e[j] = c * e[j]!;
    if (rows) rotatePair(rows.left, rows.leftWidth, j, zero, c, s);
    if (f === 0) break;
  }
}

/** One shifted sweep over the block; leaves its rotations in `left` and `right`. */
function qrSweep(
  d: Float64Array,
  e: Float64Array,
  start: number,
  end: number,
  left: Rotations,
  right: Rotations,
): void {
  let scale = 0;
  for (let k = start; k < end; k++)
    scale = Math.max(scale, Math.abs(d[k]!), k < end - 1 ? Math.abs(e[k]!) : 0);
  const last = d[end - 1]! / scale;
  const before = d[end - 2]! / scale;
  const coupling = e[end - 2]! / scale;
  const first = d[start]! / scale;
  const b = ((before + last) * (before - last) + coupling * coupling) / 2;
  const c = last * coupling * (last * coupling);
  let shift = 0;
  if (b !== 0 || c !== 0) shift = c / (b + (b < 0 ? -1 : 1) * Math.sqrt(b * b + c));
  let f = (first + last) * (first - last) + shift;
  let g = first * (e[start]! / scale);
  for (let j = start; j < end - 1; j++) {
    let t = Math.sqrt(f * f + g * g);
    let [cs, sn] = t === 0 ? [1, 0] : [f / t, g / t];
    if (j > start) e[j - 1] = t;
    f = cs * d[j]! + sn * e[j]!;
    e[j] = cs * e[j]! - sn * d[j]!;
    g = sn * d[j + 1]!;
    d[j + 1] = cs * d[j + 1]!;
    right.cos[j] = cs;
    right.sin[j] = sn;
    t = Math.sqrt(f * f + g * g);
    [cs, sn] = t === 0 ? [1, 0] : [f / t, g / t];
    d[j] = t;
    f = cs * e[j]! + sn * d[j + 1]!;
    d[j + 1] = cs * d[j + 1]! - sn * e[j]!;
    g = sn * e[j + 1]!;
    e[j + 1] = cs * e[j + 1]!;
    left.cos[j] = cs;
    left.sin[j] = sn;
  }
  e[end - 2] = f;
}

function makePositive(d: Float64Array, k: number, rows?: RotatedRows): void {
  if (d[k]! >= 0) return;
  d[k] = -d[k]!;
  if (!rows) return;
  const { right, rightWidth } = rows;
  for (let j = k * rightWidth; j < (k + 1) * rightWidth; j++) right[j] = -right[j]!;
}
