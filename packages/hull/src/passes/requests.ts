import { scanOutside } from "../certify/outside-proof.js";
import { TopRows } from "../pricing/top-rows.js";
import type { PassKind } from "./pass-kind.js";

/** What one search asks of all rows. */
export interface RowRequest {
  /** `price`: scores and the best rows; `scan`: the proof that all rows lie below the query. */
  kind: "price" | "scan";
  /** Direction. */
  w: Float64Array;
  /** Query. */
  query: Float64Array;
  /** Rows with scores below this are of no interest. */
  threshold: number;
  /** Most rows to return. */
  limit: number;
  /** Whether a scan may end at the first row that is not below. */
  stopAtFailure: boolean;
}

/** What the rows answer. */
export interface RowAnswer {
  /** max_i w·(x_i − q) in floating point. */
  largest: number;
  /** First row that attains it. */
  argmax: number;
  /** Rows of the largest scores, best first, and their scores. */
  rows: number[];
  scores: number[];
  /** Whether every row is proven to lie below the query. */
  isProven: boolean;
  /** Whether exact arithmetic was needed for a row. */
  isExact: boolean;
  /** Largest rounding bound. */
  bound: number;
}

/** Answers of all rows to requests of many searches. */
export const requests: PassKind<RowRequest[], RowAnswer[]> = {
  flopsPerRow: (asked, d) => 3 * d * asked.length,
  start: (asked) =>
    asked.map(() => ({
      largest: Number.NEGATIVE_INFINITY,
      argmax: -1,
      rows: [],
      scores: [],
      isProven: true,
      isExact: false,
      bound: 0,
    })),
  add(answers, { values, first, count, d }, asked) {
    for (const [k, { kind, w, query, threshold, limit, stopAtFailure }] of asked.entries()) {
      const answer = answers[k]!;
      if (kind === "price") {
        const top = topOf(answer, threshold, limit);
        const { largest, argmax } = priceRows(values, count, d, w, query, top, first);
        if (largest > answer.largest) {
          answer.largest = largest;
          answer.argmax = argmax;
        }
        keep(answer, top);
        continue;
      }
      if (!answer.isProven && stopAtFailure) continue;
      const scan = scanOutside(values, count, d, w, query, stopAtFailure);
      if (scan.largest > answer.largest) {
        answer.largest = scan.largest;
        answer.argmax = first + scan.argmax;
      }
      answer.isProven &&= scan.isProven;
      answer.isExact ||= scan.isExact;
      answer.bound = Math.max(answer.bound, scan.bound);
    }
  },
  merge(answers, later, asked) {
    for (const [k, { threshold, limit }] of asked.entries()) {
      const answer = answers[k]!;
      const other = later[k]!;
      const isFirst = other.largest === answer.largest && other.argmax >= 0 && other.argmax < answer.argmax;
      if (other.largest > answer.largest || isFirst) {
        answer.largest = other.largest;
        answer.argmax = other.argmax;
      }
      const top = topOf(answer, threshold, limit);
      const known = new Set(answer.rows);
      for (const [r, row] of other.rows.entries()) if (!known.has(row)) top.offer(other.scores[r]!, row);
      keep(answer, top);
      answer.isProven &&= other.isProven;
      answer.isExact ||= other.isExact;
      answer.bound = Math.max(answer.bound, other.bound);
    }
  },
};

function topOf({ rows, scores }: RowAnswer, threshold: number, limit: number): TopRows {
  const top = new TopRows(limit, threshold);
  for (const [r, row] of rows.entries()) top.offer(scores[r]!, row);
  return top;
}

function keep(answer: RowAnswer, top: TopRows): void {
  const sorted = top.sorted();
  answer.rows = sorted.map(({ row }) => row);
  answer.scores = sorted.map(({ score }) => score);
}

/** Offers w·(x_i − q) of some rows and returns the largest with its row; differences first, so that a common shift costs nothing. */
export function priceRows(
  data: ArrayLike<number>,
  n: number,
  d: number,
  w: Float64Array,
  q: Float64Array,
  top: TopRows,
  firstRow: number,
): { largest: number; argmax: number } {
  let largest = Number.NEGATIVE_INFINITY;
  let argmax = -1;
  const take = (row: number, score: number) => {
    if (score > largest) {
      largest = score;
      argmax = firstRow + row;
    }
    if (score >= top.threshold) top.offer(score, firstRow + row);
  };
  let i = 0;
  // Four rows at a time share the loads of w and q; each row is summed in the same order either way.
  for (; i + 4 <= n; i += 4) {
    const a = i * d;
    const b = a + d;
    const c = b + d;
    const e = c + d;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let j = 0; j < d; j++) {
      const wj = w[j]!;
      const qj = q[j]!;
      s0 += wj * (data[a + j]! - qj);
      s1 += wj * (data[b + j]! - qj);
      s2 += wj * (data[c + j]! - qj);
      s3 += wj * (data[e + j]! - qj);
    }
    take(i, s0);
    take(i + 1, s1);
    take(i + 2, s2);
    take(i + 3, s3);
  }
  for (; i < n; i++) {
    let sum = 0;
    for (let j = 0, at = i * d; j < d; j++, at++) sum += w[j]! * (data[at]! - q[j]!);
    take(i, sum);
  }
  return { largest, argmax };
}
