import { exactSign } from "../exact/dyadic.js";
import { gamma } from "./rounding.js";

/** What a scan of rows for one direction found. */
export interface OutsideScan {
  /** Whether every row was proven to lie strictly below the query. */
  isProven: boolean;
  /** Whether exact arithmetic was needed for some row. */
  isExact: boolean;
  /** max_i w·(x_i − q), in floating point; negative when the direction separates. */
  largest: number;
  /** Row that attains it. */
  argmax: number;
  /** Largest rounding bound among the rows. */
  bound: number;
}

/**
 * Proves w·x_i < w·q for rows, row by row: by a rounding bound, else in exact arithmetic.
 *
 * fl(Σ w_j (x_j − q_j)) is off by at most γ_{d+2} Σ |w_j| |x_j − q_j|: one rounding for the difference, one for the
 * product, d − 1 for the sum, one to spare. No assumption on magnitudes or centring is needed.
 *
 * @param data - Rows, row by row.
 * @param stopAtFailure - Leaves at the first row that is not below.
 */
export function scanOutside(
  data: ArrayLike<number>,
  n: number,
  d: number,
  w: ArrayLike<number>,
  q: ArrayLike<number>,
  stopAtFailure = true,
): OutsideScan {
  const factor = gamma(d + 3);
  const scan: OutsideScan = {
    isProven: true,
    isExact: false,
    largest: Number.NEGATIVE_INFINITY,
    argmax: -1,
    bound: 0,
  };
  // Whether the scan goes on after a row with this score and size.
  const take = (i: number, sum: number, size: number): boolean => {
    if (sum > scan.largest) {
      scan.largest = sum;
      scan.argmax = i;
    }
    const bound = factor * size + 1e-300;
    if (bound > scan.bound) scan.bound = bound;
    if (sum < -bound) return true;
    if (sum <= bound) {
      scan.isExact = true;
      const row = Array.prototype.slice.call(data, i * d, (i + 1) * d) as number[];
      if (exactSign(w, row, q) < 0) return true;
    }
    scan.isProven = false;
    return !stopAtFailure;
  };
  let i = 0;
  // Three rows at a time share the loads of w and q; each row is summed in the same order either way.
  for (; i + 3 <= n; i += 3) {
    const a = i * d;
    const b = a + d;
    const c = b + d;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let size0 = 0;
    let size1 = 0;
    let size2 = 0;
    for (let j = 0; j < d; j++) {
      const wj = w[j]!;
      const qj = q[j]!;
      const term0 = wj * (data[a + j]! - qj);
      const term1 = wj * (data[b + j]! - qj);
      const term2 = wj * (data[c + j]! - qj);
      sum0 += term0;
      sum1 += term1;
      sum2 += term2;
      size0 += Math.abs(term0);
      size1 += Math.abs(term1);
      size2 += Math.abs(term2);
    }
    if (!take(i, sum0, size0) || !take(i + 1, sum1, size1) || !take(i + 2, sum2, size2)) return scan;
  }
  for (; i < n; i++) {
    let sum = 0;
    let size = 0;
    for (let j = 0, at = i * d; j < d; j++, at++) {
      const term = w[j]! * (data[at]! - q[j]!);
      sum += term;
      size += Math.abs(term);
    }
    if (!take(i, sum, size)) return scan;
  }
  return scan;
}
