import { type Rows, readChunk } from "../points/points.js";
import type { Pauses } from "../run/pauses.js";
import { equalRows } from "./equal-rows.js";
import { extremes } from "./extremes.js";
import { firstRows } from "./first-rows.js";
import { maxima } from "./maxima.js";
import { moments } from "./moments.js";
import type { PassKind } from "./pass-kind.js";
import { requests } from "./requests.js";

/** Name of a kind of pass. */
export type PassName = "equalRows" | "extremes" | "firstRows" | "maxima" | "moments" | "requests";

/** All kinds of passes, by name. */
export const passKinds = {
  equalRows,
  extremes,
  firstRows,
  maxima,
  moments,
  requests,
} as const satisfies Record<PassName, unknown>;

/** What a pass is given. */
export type PassInput<K extends PassName> =
  (typeof passKinds)[K] extends PassKind<infer I, infer _> ? I : never;

/** What a pass finds. */
export type PassState<K extends PassName> =
  (typeof passKinds)[K] extends PassKind<infer _, infer S> ? S : never;

/** Passes over all rows, wherever the rows are. */
export interface RowPasses {
  /** One pass of a kind. */
  run<K extends PassName>(name: K, input: PassInput<K>): Promise<PassState<K>>;
}

/** Multiplications and additions between two pauses, about: some 30 ms. */
const PIECE_FLOPS = 3e7;

/** Rows in a shard: moments are summed shard by shard, so it is the same for every chunk size. */
export const SHARD_ROWS = 65_536;

/** One pass over the rows from `from` to `to`. */
export async function passOver<K extends PassName>(
  name: K,
  input: PassInput<K>,
  rows: Rows,
  from: number,
  to: number,
  chunkSize: number,
  pauses: Pauses,
): Promise<PassState<K>> {
  const kind = passKinds[name] as unknown as PassKind<PassInput<K>, PassState<K>>;
  const { d } = rows;
  const state = kind.start(input, d);
  const perPiece = 4 * Math.max(1, Math.floor(PIECE_FLOPS / kind.flopsPerRow(input, d) / 4));
  for (let start = from; start < to; start += chunkSize) {
    const size = Math.min(chunkSize, to - start);
    const read = await readChunk(rows, start, size);
    const values = ArrayBuffer.isView(read) ? read : Float64Array.from(read);
    for (let piece = 0; piece < size; piece += perPiece) {
      const count = Math.min(perPiece, size - piece);
      const part =
        count === size ? values : (values as Float64Array).subarray(piece * d, (piece + count) * d);
      kind.add(state, { values: part, first: start + piece, count, d }, input);
      if (pauses.isDue) await pauses.ifDue();
    }
  }
  return state;
}

/** Passes in this process, shard by shard. */
export class LocalPasses implements RowPasses {
  constructor(
    private readonly rows: Rows,
    private readonly pauses: Pauses,
    private readonly chunkSize = 8192,
    private readonly onRows: (done: number) => void = () => {},
  ) {}

  private done = 0;

  async run<K extends PassName>(name: K, input: PassInput<K>): Promise<PassState<K>> {
    const kind = passKinds[name] as unknown as PassKind<PassInput<K>, PassState<K>>;
    const { rows, pauses } = this;
    // Sums of moments depend on the pieces of four: the chunk must be a multiple.
    const chunkSize = name === "moments" ? 8192 : this.chunkSize;
    let state: PassState<K> | undefined;
    for (let from = 0; from < rows.n; from += SHARD_ROWS) {
      const part = await passOver(
        name,
        input,
        rows,
        from,
        Math.min(rows.n, from + SHARD_ROWS),
        chunkSize,
        pauses,
      );
      this.done += Math.min(SHARD_ROWS, rows.n - from);
      this.onRows(this.done);
      if (state === undefined) state = part;
      else kind.merge(state, part, input);
    }
    return state!;
  }
}
