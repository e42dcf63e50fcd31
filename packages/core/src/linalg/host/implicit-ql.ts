import { NumericalError } from "../../errors/index.js";
import { rotateDescending } from "./rotations.js";

const EPSILON = 2 ** -52;
/** Couplings below this, in a matrix scaled to order one, are dropped: their squares would underflow. */
const NEGLIGIBLE = 1e-150;
const SWEEPS_PER_VALUE = 60;

/**
 * Eigenvalues of a symmetric tridiagonal matrix by the implicit QL iteration with Wilkinson's shift.
 *
 * @param d - Diagonal, of order one; becomes the eigenvalues, unordered.
 * @param e - `e[i]` couples i − 1 and i; destroyed.
 * @param rows - Rotated along: row i, `width` numbers, becomes the vector of eigenvalue i when it starts as row i
 *   of $Q^T$.
 * @throws {@link NumericalError} when an eigenvalue does not settle.
 * @see Parlett (1998), The symmetric eigenvalue problem, section 8.14.
 */
export function implicitQl(
  caller: string,
  d: Float64Array,
  e: Float64Array,
  rows?: Float64Array,
  width = 0,
): void {
  const n = d.length;
  e.copyWithin(0, 1); // now e[i] couples i and i + 1
  if (n > 0) e[n - 1] = 0;
  const rotations = { cos: new Float64Array(n), sin: new Float64Array(n) };
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      const m = firstSplit(d, e, l);
      if (m === l) break;
      if (sweep === SWEEPS_PER_VALUE) {
        throw new NumericalError(
          `${caller}: eigenvalue ${l} has not settled after ${sweep} sweeps; convergence was expected`,
          { iteration: l, residual: Math.abs(e[l]!) },
        );
      }
      const lowest = qlSweep(d, e, l, m, rotations);
      if (rows) rotateDescending(rows, width, lowest, m - 1, rotations);
    }
  }
}

/** First index from `l` on whose coupling to the next is negligible. */
function firstSplit(d: Float64Array, e: Float64Array, l: number): number {
  let m = l;
  for (; m < d.length - 1; m++) {
    const size = Math.abs(e[m]!);
    if (size <= NEGLIGIBLE || size <= EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) break;
  }
  return m;
}

/** One sweep over the block l … m; returns the lowest index that was rotated. */
function qlSweep(
  d: Float64Array,
  e: Float64Array,
  l: number,
  m: number,
  { cos, sin }: { cos: Float64Array; sin: Float64Array },
): number {
  let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  let r = Math.hypot(g, 1);
  g = d[m]! - d[l]! + e[l]! / (g + (g >= 0 ? r : -r));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] = d[i + 1]! - p;
      e[m] = 0;
      return i + 1;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    r = (d[i]! - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
    // x_{i+1} ← s x_i + c x_{i+1}, x_i ← c x_i − s x_{i+1}: a rotation by −angle.
    cos[i] = c;
    sin[i] = -s;
  }
  d[l] = d[l]! - p;
  e[l] = g;
  e[m] = 0;
  return l;
}
