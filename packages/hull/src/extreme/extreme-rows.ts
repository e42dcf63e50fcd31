import type { Generator } from "@lab/core/random";
import { multiplyRows } from "../pricing/dense.js";
import { MemoryRows } from "../pricing/row-access.js";
import { TopRows } from "../pricing/top-rows.js";
import type { Pauses } from "../run/pauses.js";
import { type SearchOptions, search } from "../solver/search.js";

/** Points in coordinates in which their covariance is near the identity. */
export interface WhitenedRows {
  data: Float64Array;
  n: number;
  d: number;
}

/**
 * Indices of the extreme rows, ascending: every one is outside the hull of the others.
 *
 * Clarkson's scheme: a row is tested against the extreme rows found so far; a direction that separates it leads to a
 * new extreme row, the largest along it. Equal rows are merged; ties go to the lexicographically largest.
 */
export async function extremeRows(
  rows: WhitenedRows,
  minDistance: number,
  generator: Generator,
  pauses: Pauses,
  onProgress: (done: number) => void,
): Promise<Int32Array> {
  const { data, n, d } = rows;
  const center = new Float64Array(d);
  for (let i = 0; i < n * d; i++) center[i % d] = center[i % d]! + data[i]! / n;
  const found = new Growing(d);
  const isExtreme = new Uint8Array(n);
  const add = (i: number) => {
    if (isExtreme[i] === 1) return false;
    isExtreme[i] = 1;
    found.push(data, i);
    return true;
  };
  const directions = generator.normal64(64 * d);
  const best = argmaxima(rows, directions, 64);
  for (const i of best) add(i);
  const squared = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) squared[i] = squared[i]! + (data[i * d + j]! - center[j]!) ** 2;
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => squared[b]! - squared[a]! || a - b);
  const columnScale = new Float64Array(d).fill(1);
  const all = new MemoryRows(data, n, d);
  for (const [done, i] of order.entries()) {
    if (done % 64 === 0) onProgress(done);
    const query = data.slice(i * d, (i + 1) * d);
    let mode: SearchOptions["mode"] = minDistance > 0 ? "distance" : "membership";
    while (isExtreme[i] === 0) {
      const access = new MemoryRows(found.data, found.count, d);
      const initial = near(found.data, found.count, d, query, 2 * d + 24);
      const result = await search(
        {
          d,
          query,
          columnScale,
          initial,
          read: (index) => access.read(index),
          price: (w, threshold, limit) => access.price(w, query, threshold, limit),
        },
        { mode, relativeGap: 1e-9, maxPasses: 200 },
        pauses,
      );
      if (result.outcome !== "separated" || result.normal === null) break;
      if (minDistance > 0 && result.upper <= minDistance) break;
      const w = result.normal;
      const top = argmax(all, w);
      if (add(top)) continue;
      // A known row reaches as far in this direction, up to rounding: the direction of the distance separates both.
      if (mode === "distance") break; // within rounding of a known row
      mode = "distance";
    }
    if (pauses.isDue) await pauses.ifDue();
  }
  return Int32Array.from(order.filter((i) => isExtreme[i] === 1)).sort();
}

/** A list of rows that grows in place. */
class Growing {
  private buffer: Float64Array;
  count = 0;

  constructor(private readonly d: number) {
    this.buffer = new Float64Array(256 * d);
  }

  get data(): Float64Array {
    return this.buffer.subarray(0, this.count * this.d);
  }

  push(from: Float64Array, i: number): void {
    const { d } = this;
    if ((this.count + 1) * d > this.buffer.length) {
      const grown = new Float64Array(2 * this.buffer.length);
      grown.set(this.buffer);
      this.buffer = grown;
    }
    this.buffer.set(from.subarray(i * d, (i + 1) * d), this.count * d);
    this.count++;
  }
}

/** Row with the largest score; among equal ones the lexicographically largest, which is extreme. */
function argmax({ data, n, d }: { data: ArrayLike<number>; n: number; d: number }, w: Float64Array): number {
  let best = 0;
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0, at = 0; i < n; i++, at += d) {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += w[j]! * data[at + j]!;
    const slack = 1e-14 * Math.abs(largest);
    if (i === 0 || sum > largest + slack || (sum >= largest - slack && isLater(data, d, i, best))) {
      largest = Math.max(sum, largest);
      best = i;
    }
  }
  return best;
}

function isLater(data: ArrayLike<number>, d: number, a: number, b: number): boolean {
  for (let j = 0; j < d; j++) {
    const difference = data[a * d + j]! - data[b * d + j]!;
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function argmaxima({ data, n, d }: WhitenedRows, directions: Float64Array, count: number): number[] {
  const scores = new Float64Array(n * count);
  multiplyRows(data, n, d, directions, count, scores);
  return Array.from({ length: count }, (_, k) => {
    let best = 0;
    for (let i = 1; i < n; i++) {
      const difference = scores[i * count + k]! - scores[best * count + k]!;
      if (difference > 0 || (difference === 0 && isLater(data, d, i, best))) best = i;
    }
    return best;
  });
}

function near(data: Float64Array, n: number, d: number, q: Float64Array, size: number): Int32Array {
  const top = new TopRows(Math.min(size, n));
  for (let i = 0, at = 0; i < n; i++, at += d) {
    let sum = 0;
    for (let j = 0; j < d; j++) {
      const difference = data[at + j]! - q[j]!;
      sum -= difference * difference;
    }
    if (sum >= top.threshold) top.offer(sum, i);
  }
  return top.result();
}
