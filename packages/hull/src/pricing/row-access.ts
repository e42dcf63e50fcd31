import { type OutsideScan, scanOutside } from "../certify/outside-proof.js";
import { priceRows } from "../passes/requests.js";
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
  /** Proof that all rows lie below the query; one that `stopAtFailure` leaves at the first row that does not. */
  scan(w: Float64Array, query: Float64Array, stopAtFailure: boolean): Promise<OutsideScan>;
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
    const { largest, argmax } = priceRows(this.data, this.n, this.d, w, query, top, 0);
    return { largest, argmax, candidates: top.result() };
  }

  async scan(w: Float64Array, query: Float64Array, stopAtFailure: boolean): Promise<OutsideScan> {
    return scanOutside(this.data, this.n, this.d, w, query, stopAtFailure);
  }
}
