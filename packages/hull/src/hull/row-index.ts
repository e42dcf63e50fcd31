import { type Rows, readChunk, readRows } from "../points/points.js";
import type { Pauses } from "./pause.js";

const words = new Float64Array(1);
const bits = new Uint32Array(words.buffer);

/** Finds rows equal to a query: open addressing over a 32-bit hash, then comparison. */
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
  async find(query: ArrayLike<number>): Promise<number> {
    const { table, hashes, rows } = this;
    const hash = hashRow(query, 0, rows.d);
    const mask = table.length - 1;
    let best = -1;
    for (let at = hash & mask; table[at] !== -1; at = (at + 1) & mask) {
      const row = table[at]!;
      if (hashes[row] !== hash || (best >= 0 && row > best)) continue;
      if (await this.isEqual(row, query)) best = row;
    }
    return best;
  }

  private async isEqual(row: number, query: ArrayLike<number>): Promise<boolean> {
    const { d, data } = this.rows;
    const values = data ?? (await readRows(this.rows, Int32Array.of(row)));
    const from = data === null ? 0 : row * d;
    for (let j = 0; j < d; j++) if (values[from + j] !== query[j]) return false;
    return true;
  }
}

/** FNV-1a over the bits of the values as doubles; −0 counts as 0. */
export function hashRow(values: ArrayLike<number>, from: number, d: number): number {
  let hash = 0x811c9dc5;
  for (let j = from; j < from + d; j++) {
    words[0] = values[j]! + 0;
    hash = Math.imul(hash ^ bits[0]!, 0x01000193);
    hash = Math.imul(hash ^ bits[1]!, 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
