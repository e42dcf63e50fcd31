/** Rows one after the other. */
export interface RowBlock {
  /** Values, row by row. */
  values: ArrayLike<number>;
  /** Index of the first row. */
  first: number;
  /** Number of rows. */
  count: number;
  /** Number of columns. */
  d: number;
}

/**
 * One kind of pass over all rows: a result of no rows, grown block by block, merged over shards.
 *
 * Merging is associative, and merging a result twice changes nothing, so that a shard may be computed anywhere and more
 * than once. `moments` alone adds up: its shards are merged once each, in their order.
 */
export interface PassKind<I, S> {
  /** Multiplications and additions a row, about: pieces are cut by it so that others may run in between. */
  flopsPerRow(input: I, d: number): number;
  /** The result of no rows. */
  start(input: I, d: number): S;
  /** Adds rows in their order. */
  add(state: S, block: RowBlock, input: I): void;
  /** Takes the result of later rows into that of earlier ones. */
  merge(state: S, later: S, input: I): void;
}
