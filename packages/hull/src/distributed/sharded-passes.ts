import type { Runner } from "@lab/core/jobs";
import type { PassInput, PassName, PassState, RowPasses } from "../passes/row-passes.js";
import { passOver, SHARD_ROWS } from "../passes/row-passes.js";
import { ShardLedger } from "../passes/shard-ledger.js";
import type { Rows } from "../points/points.js";
import { Pauses } from "../run/pauses.js";
import { fromPlain, toPlain } from "./plain.js";
import { hashOf } from "./result-files.js";
import { type KeyedTask, runTasks } from "./run-tasks.js";
import type { TaskFolder } from "./task-folder.js";

/** Passes whose shards are tasks: for other processes, or to be kept. */
export class ShardedPasses implements RowPasses {
  constructor(
    private readonly rows: Rows,
    private readonly folder: TaskFolder,
    private readonly runner: Runner,
    private readonly chunkSize: number,
    private readonly signal: AbortSignal | undefined,
    private readonly onRows: (done: number) => void = () => {},
    private readonly shardRows = SHARD_ROWS,
  ) {}

  private done = 0;

  async run<K extends PassName>(name: K, input: PassInput<K>): Promise<PassState<K>> {
    const { rows, folder, runner, signal, shardRows } = this;
    // Sums of moments depend on the pieces of four: the chunk must be a multiple.
    const chunkSize = name === "moments" ? 8192 : this.chunkSize;
    const plain = toPlain(input);
    const inputHash = await hashOf(folder.points, name, JSON.stringify(plain));
    const count = Math.ceil(rows.n / shardRows);
    const ledger = new ShardLedger(name, input, inputHash, count);
    const pauses = new Pauses(signal);
    const keyOf = (shard: number) => `${name}-${inputHash}-${shard}of${count}`;
    const ranges = new Map<string, { from: number; to: number }>();
    const tasks = Array.from({ length: count }, (_, shard): KeyedTask => {
      const from = shard * shardRows;
      const to = Math.min(rows.n, from + shardRows);
      ranges.set(keyOf(shard), { from, to });
      return {
        key: keyOf(shard),
        here: async () => ({
          inputHash,
          state: toPlain(await passOver(name, input, rows, from, to, chunkSize, pauses)),
        }),
        task: async () => ({
          kind: "shard",
          address: await folder.address(),
          pass: name,
          input: { hash: inputHash, value: plain },
          from,
          to,
          chunkSize,
        }),
      };
    });
    const outputs = await runTasks(folder.files, tasks, runner, signal, (key) => {
      const { from, to } = ranges.get(key)!;
      this.done += to - from;
      this.onRows(this.done);
    });
    for (let shard = 0; shard < count; shard++) {
      const output = outputs.get(keyOf(shard)) as { inputHash: string; state: unknown };
      ledger.add(shard, output.inputHash, fromPlain(output.state) as PassState<K>);
    }
    return ledger.finish();
  }
}
