/**
 * The task handler of distributed queries: decides a block of queries against the points at an address, or runs one pass
 * over a shard of them.
 *
 * @packageDocumentation
 */
import { init } from "@lab/core";
import type { TaskContext } from "@lab/core/jobs";
import { answerBlock, type BlockQuestion } from "./cascade/answer-block.js";
import { localRun } from "./cascade/context.js";
import { fromPlain, toPlain } from "./distributed/plain.js";
import type { BlockTask, HullTask, ShardTask } from "./distributed/tasks.js";
import { ConvexHull } from "./hull/convex-hull.js";
import { checkQueryOptions } from "./hull/options.js";
import { type PassInput, type PassName, passOver } from "./passes/row-passes.js";
import { fileSource } from "./points/file-sources.node.js";
import { openPoints, type SourceAddress } from "./points/points.js";
import { activeBackend } from "./pricing/tensor-pass.js";
import { Pauses } from "./run/pauses.js";

export type { BlockTask, HullTask, ShardTask } from "./distributed/tasks.js";
export type { PassName } from "./passes/row-passes.js";

// One hull is kept: tasks of one sweep share it.
let kept: { key: string; hull: Promise<ConvexHull> } | undefined;

/**
 * Answers one task.
 *
 * @param task - What the coordinator sent.
 * @param context - Its `signal` stops the work.
 * @returns The answer as plain JSON.
 */
export async function hullTask(task: HullTask, context: Pick<TaskContext, "signal">): Promise<unknown> {
  return task.kind === "shard"
    ? await shardTask(task, context.signal)
    : await blockTask(task, context.signal);
}

async function blockTask(
  { points, address, hull: options, query, backend, question }: BlockTask,
  signal: AbortSignal,
): Promise<unknown> {
  // The bytes of a certificate depend on the arithmetic: it is that of the coordinator.
  if (backend !== null && activeBackend() !== backend) await init({ backend });
  // Points in memory are known by their hash, wherever the next sweep keeps them; others are read where they are.
  const key = JSON.stringify([isHeld(address, options) ? points : address, options]);
  if (kept?.key !== key) kept = { key, hull: openHull(address, options) };
  const context = (await kept.hull.catch(forget)).context();
  const checked = checkQueryOptions("hullTask", { ...query, signal });
  const run = localRun(context, checked, new Pauses(signal));
  return toPlain(await answerBlock(context, fromPlain(question) as BlockQuestion, run, () => {}));
}

// What failed once may be there the next time.
function forget(reason: unknown): never {
  kept = undefined;
  throw reason;
}

async function shardTask(
  { address, pass, input, from, to, chunkSize }: ShardTask,
  signal: AbortSignal,
): Promise<unknown> {
  const rows = await openPoints("hullTask", "points", fileSource(address));
  const { hash, value } = input as { hash: string; value: unknown };
  const asked = fromPlain(value) as PassInput<PassName>;
  const state = await passOver(pass, asked, rows, from, to, chunkSize, new Pauses(signal));
  return { inputHash: hash, state: toPlain(state) };
}

/** Whether the points fit into memory. */
function isHeld(
  { shape: [n, d] }: SourceAddress,
  { memoryBudget = 1e9 }: { memoryBudget?: number },
): boolean {
  return n * d * 8 <= memoryBudget;
}

async function openHull(address: SourceAddress, options: object): Promise<ConvexHull> {
  const source = fileSource(address);
  if (!isHeld(address, options)) return await ConvexHull.from(source, options);
  const [n, d] = address.shape;
  const values = await source.chunk(0, n);
  const data = values as Float64Array | Float32Array | Uint8Array;
  return await ConvexHull.from({ data, shape: [n, d] }, options);
}

export { hullTask as default };
