import { type OutsideScan, scanOutside } from "../certify/outside-proof.js";
import type { Pauses } from "../hull/pause.js";
import { type Rows, readChunk, readRows } from "../points/points.js";
import type { Priced } from "../solver/search.js";
import { TopRows } from "./top-rows.js";

/** Rows as the search of one query needs them. */
export interface RowAccess {
  readonly n: number;
  readonly d: number;
  /** All values, when they are in memory. */
  readonly data: ArrayLike<number> | null;
  /** Rows by index in double precision. */
  read(index: Int32Array): Promise<Float64Array>;
  /** Scores of all rows against a query; at most `limit` rows with a score of at least `threshold`. */
  price(w: Float64Array, query: Float64Array, threshold: number, limit: number): Promise<Priced>;
  /** Proof that all rows lie below the query. */
  scan(w: Float64Array, query: Float64Array): Promise<OutsideScan>;
}

/** Rows that are in memory. */
export class MemoryRows implements RowAccess {
  constructor(
    readonly data: Float64Array | Float32Array | Uint8Array,
    readonly n: number,
    readonly d: number,
  ) {}

  async read(index: Int32Array): Promise<Float64Array> {
    const { d, data } = this;
    const out = new Float64Array(index.length * d);
    for (let s = 0; s < index.length; s++) {
      const from = index[s]! * d;
      for (let j = 0; j < d; j++) out[s * d + j] = data[from + j]!;
    }
    return out;
  }

  async price(w: Float64Array, query: Float64Array, threshold: number, limit: number): Promise<Priced> {
    const top = new TopRows(limit, threshold);
    const largest = priceRows(this.data, this.n, this.d, w, query, top, 0);
    return { largest, candidates: top.result() };
  }

  async scan(w: Float64Array, query: Float64Array): Promise<OutsideScan> {
    return scanOutside(this.data, this.n, this.d, w, query);
  }
}

/** Rows that are read in chunks, once for each request. */
export class StreamedRows implements RowAccess {
  readonly data = null;
  readonly n: number;
  readonly d: number;

  constructor(
    private readonly rows: Rows,
    private readonly pauses: Pauses,
    private readonly chunkSize: number,
  ) {
    this.n = rows.n;
    this.d = rows.d;
  }

  read(index: Int32Array): Promise<Float64Array> {
    return readRows(this.rows, index);
  }

  async price(w: Float64Array, query: Float64Array, threshold: number, limit: number): Promise<Priced> {
    const top = new TopRows(limit, threshold);
    let largest = Number.NEGATIVE_INFINITY;
    for (let start = 0; start < this.n; start += this.chunkSize) {
      const count = Math.min(this.chunkSize, this.n - start);
      const values = await readChunk(this.rows, start, count);
      largest = Math.max(largest, priceRows(values, count, this.d, w, query, top, start));
      await this.pauses.ifDue();
    }
    return { largest, candidates: top.result() };
  }

  async scan(w: Float64Array, query: Float64Array): Promise<OutsideScan> {
    const merged: OutsideScan = {
      isProven: true,
      isExact: false,
      largest: Number.NEGATIVE_INFINITY,
      argmax: -1,
      bound: 0,
    };
    for (let start = 0; start < this.n && merged.isProven; start += this.chunkSize) {
      const count = Math.min(this.chunkSize, this.n - start);
      const values = await readChunk(this.rows, start, count);
      const scan = scanOutside(values, count, this.d, w, query);
      if (scan.largest > merged.largest) {
        merged.largest = scan.largest;
        merged.argmax = start + scan.argmax;
      }
      merged.isProven &&= scan.isProven;
      merged.isExact ||= scan.isExact;
      merged.bound = Math.max(merged.bound, scan.bound);
      await this.pauses.ifDue();
    }
    return merged;
  }
}

/** Offers w·(x_i − q) of some rows and returns the largest; differences first, so that a common shift costs nothing. */
function priceRows(
  data: ArrayLike<number>,
  n: number,
  d: number,
  w: Float64Array,
  q: Float64Array,
  top: TopRows,
  firstRow: number,
): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0, at = 0; i < n; i++, at += d) {
    let first = 0;
    let second = 0;
    let j = 0;
    for (; j + 1 < d; j += 2) {
      first += w[j]! * (data[at + j]! - q[j]!);
      second += w[j + 1]! * (data[at + j + 1]! - q[j + 1]!);
    }
    if (j < d) first += w[j]! * (data[at + j]! - q[j]!);
    const score = first + second;
    if (score > largest) largest = score;
    if (score >= top.threshold) top.offer(score, firstRow + i);
  }
  return largest;
}
