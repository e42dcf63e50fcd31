/**
 * The task handler of distributed queries: decides a block of queries against the points at an address.
 *
 * @packageDocumentation
 */
import type { TaskContext } from "@lab/core/jobs";
import type { BlockOutput, BlockTask } from "./hull/blocks.js";
import { ConvexHull } from "./hull/convex-hull.js";
import { packFinding } from "./hull/finding-json.js";
import { fileSource } from "./points/sources.js";

export type { BlockOutput, BlockTask } from "./hull/blocks.js";

// One hull is kept: tasks of one sweep share it.
let kept: { key: string; hull: Promise<ConvexHull> } | undefined;

/** Decides the queries of a task; opens the points once for all tasks of a sweep. */
export async function hullTask(task: BlockTask, context: Pick<TaskContext, "signal">): Promise<BlockOutput> {
  const { address, hull: options, query, queries } = task;
  const key = JSON.stringify([address, options]);
  if (kept?.key !== key) kept = { key, hull: openHull(task) };
  const hull = await kept.hull;
  const d = address.shape[1];
  const data = Float64Array.from(queries);
  const result = await hull.contains(
    { data, shape: [data.length / d, d] },
    { ...query, signal: context.signal },
  );
  return {
    findings: result.raw().map(packFinding),
    duplicateOf: Array.from(result.duplicateOf),
  };
}

async function openHull({ address, hull: options }: BlockTask): Promise<ConvexHull> {
  const source = fileSource(address);
  const [n, d] = address.shape;
  const { memoryBudget = 1e9 } = options as { memoryBudget?: number };
  if (n * d * 8 > memoryBudget) return await ConvexHull.from(source, options);
  const values = await source.chunk(0, n);
  const data = values as Float64Array | Float32Array | Uint8Array;
  return await ConvexHull.from({ data, shape: [n, d] }, options);
}

export { hullTask as default };
