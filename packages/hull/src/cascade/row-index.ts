import { type Rows, readChunk } from "../points/points.js";
import { hashRow, isEqualRow } from "../pricing/row-hash.js";
import type { Pauses } from "../run/pauses.js";

/** Finds rows in memory that are equal to a query: open addressing over a 32-bit hash, then comparison. */
export class RowIndex {
  private readonly table: Int32Array;
  private readonly hashes: Uint32Array;

  private constructor(private readonly rows: Rows) {
    const size = 2 ** Math.ceil(Math.log2(2 * rows.n + 2));
    this.table = new Int32Array(size).fill(-1);
    this.hashes = new Uint32Array(rows.n);
  }

  /** Reads all rows once. */
  static async build(rows: Rows, pauses: Pauses): Promise<RowIndex> {
    const index = new RowIndex(rows);
    const chunk = 8192;
    for (let start = 0; start < rows.n; start += chunk) {
      const count = Math.min(chunk, rows.n - start);
      const values = await readChunk(rows, start, count);
      for (let i = 0; i < count; i++) index.insert(start + i, hashRow(values, i * rows.d, rows.d));
      await pauses.ifDue();
    }
    return index;
  }

  private insert(row: number, hash: number): void {
    const mask = this.table.length - 1;
    this.hashes[row] = hash;
    let at = hash & mask;
    while (this.table[at] !== -1) at = (at + 1) & mask;
    this.table[at] = row;
  }

  /** First row equal to the query, or −1. */
  find(query: ArrayLike<number>): number {
    const { table, hashes, rows } = this;
    const hash = hashRow(query, 0, rows.d);
    const mask = table.length - 1;
    let best = -1;
    for (let at = hash & mask; table[at] !== -1; at = (at + 1) & mask) {
      const row = table[at]!;
      if (hashes[row] !== hash || (best >= 0 && row > best)) continue;
      if (isEqualRow(rows.data!, row * rows.d, query, 0, rows.d)) best = row;
    }
    return best;
  }
}
