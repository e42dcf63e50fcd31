import type { CheckedHullOptions } from "../hull/options.js";
import type { RowPasses } from "../passes/row-passes.js";
import type { Rows } from "../points/points.js";
import { ShardedPasses } from "./sharded-passes.js";
import { withTaskFolder } from "./task-folder.js";

/** Runs `work` with passes whose shards are tasks of a runner, kept in a checkpoint. */
export async function passesInTasks<T>(
  caller: string,
  rows: Rows,
  { runner = "inline", checkpoint, signal }: CheckedHullOptions,
  onRows: (done: number) => void,
  work: (passes: RowPasses) => Promise<T>,
): Promise<T> {
  return await withTaskFolder(caller, rows, checkpoint, signal, (folder) =>
    work(new ShardedPasses(rows, folder, runner, 8192, signal, onRows)),
  );
}
