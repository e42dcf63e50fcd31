import { hashRow, isEqualRow } from "../pricing/row-hash.js";
import type { PassKind } from "./pass-kind.js";

/** Queries that may be equal to rows. */
export interface EqualRowsInput {
  /** Queries, row by row. */
  queries: Float64Array;
}

const tables = new WeakMap<EqualRowsInput, Map<number, number[]>>();

/** First row equal to each query, or −1. */
export const equalRows: PassKind<EqualRowsInput, Int32Array> = {
  flopsPerRow: (_, d) => 4 * d,
  start: ({ queries }, d) => new Int32Array(queries.length / d).fill(-1),
  add(found, { values, first, count, d }, input) {
    const { queries } = input;
    let table = tables.get(input);
    if (table === undefined) {
      table = new Map();
      for (let i = 0; i < found.length; i++) {
        const hash = hashRow(queries, i * d, d);
        table.set(hash, [...(table.get(hash) ?? []), i]);
      }
      tables.set(input, table);
    }
    for (let r = 0; r < count; r++) {
      for (const i of table.get(hashRow(values, r * d, d)) ?? []) {
        if (found[i]! < 0 && isEqualRow(values, r * d, queries, i * d, d)) found[i] = first + r;
      }
    }
  },
  merge(found, later) {
    for (let i = 0; i < found.length; i++) {
      if (later[i]! >= 0 && (found[i]! < 0 || later[i]! < found[i]!)) found[i] = later[i]!;
    }
  },
};
