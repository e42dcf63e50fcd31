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
  for (let i = 0, at = 0; i < n; i++, at += d) {
    let sum = 0;
    let size = 0;
    for (let j = 0; j < d; j++) {
      const term = w[j]! * (data[at + j]! - q[j]!);
      sum += term;
      size += Math.abs(term);
    }
    if (sum > scan.largest) {
      scan.largest = sum;
      scan.argmax = i;
    }
    const bound = factor * size + 1e-300;
    if (bound > scan.bound) scan.bound = bound;
    if (sum < -bound) continue;
    if (sum <= bound) {
      scan.isExact = true;
      const row = Array.prototype.slice.call(data, at, at + d) as number[];
      if (exactSign(w, row, q) < 0) continue;
    }
    scan.isProven = false;
    if (stopAtFailure) return scan;
  }
  return scan;
}
