import { DataError } from "@lab/core";
import type { PassKind } from "./pass-kind.js";
import { type PassInput, type PassName, type PassState, passKinds } from "./row-passes.js";

/**
 * Results of the shards of one pass: a proof over all rows needs every shard, each with the same directions.
 *
 * Results may come in any order and more than once; they are merged in the order of the rows, so that what comes out does
 * not depend on who was faster.
 */
export class ShardLedger<K extends PassName> {
  /** One bit a shard. */
  readonly bitmap: Uint8Array;
  private readonly states: (PassState<K> | undefined)[];

  constructor(
    private readonly name: K,
    private readonly input: PassInput<K>,
    /** Hash of what the pass is given. */
    readonly inputHash: string,
    readonly count: number,
  ) {
    this.bitmap = new Uint8Array(Math.ceil(count / 8));
    this.states = new Array(count).fill(undefined);
  }

  /** Shards without a result. */
  get missing(): number[] {
    return Array.from({ length: this.count }, (_, s) => s).filter((s) => !this.has(s));
  }

  private has(shard: number): boolean {
    return (this.bitmap[shard >> 3]! & (1 << (shard & 7))) !== 0;
  }

  /**
   * Takes the result of a shard; a second one for the same shard is left out.
   *
   * @throws `DataError` when it answers another input or there is no such shard.
   */
  add(shard: number, inputHash: string, state: PassState<K>): void {
    if (inputHash !== this.inputHash || !(shard >= 0 && shard < this.count)) {
      throw new DataError(
        `ShardLedger: shard ${shard} of ${this.count} answers input ${inputHash}; the answer to ${this.inputHash} was expected; results of other directions do not add up to a proof`,
        { path: `shard ${shard}` },
      );
    }
    if (this.has(shard)) return;
    this.bitmap[shard >> 3]! |= 1 << (shard & 7);
    this.states[shard] = state;
  }

  /**
   * The result over all rows.
   *
   * @throws `DataError` while a shard is missing.
   */
  finish(): PassState<K> {
    const { missing } = this;
    if (missing.length > 0) {
      throw new DataError(
        `ShardLedger: ${missing.length} of ${this.count} shards have no result; all were expected`,
        { path: `shard ${missing[0]}` },
      );
    }
    const kind = passKinds[this.name] as unknown as PassKind<PassInput<K>, PassState<K>>;
    const [first, ...rest] = this.states as PassState<K>[];
    for (const later of rest) kind.merge(first!, later, this.input);
    return first!;
  }
}
