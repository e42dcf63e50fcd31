import { setImmediate } from "node:timers/promises";
import { importHandler, resolveHandler } from "./resolve-handler.node.js";
import { withRetries } from "./retry.js";
import type { Sweep, SweepTask } from "./sweep.js";
import { type ThreadPool, withThreads } from "./thread-pool.node.js";

/** One task after the other in this process. */
export async function runInline({ name, handler, from, tasks, retries, emit, signal }: Sweep): Promise<void> {
  const run = await importHandler(resolveHandler("mapTasks", handler, from));
  for (const { key, input } of tasks) {
    await setImmediate(); // lets timers and signals in between tasks that never wait
    try {
      const attempt = async (index: number) => {
        // A copy each time, so that what a handler does to its input does not reach the next attempt.
        const copy = JSON.parse(JSON.stringify(input)) as unknown;
        const output = await run(copy, { name, key, attempt: index, signal });
        return JSON.parse(JSON.stringify(output ?? null)) as unknown;
      };
      emit({ key, output: await withRetries(attempt, retries, signal) });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      emit({ key, error });
    }
  }
}

/** As many tasks at a time as there are threads. */
export async function runOnThreads(sweep: Sweep, numThreads: number): Promise<void> {
  const { name, handler, from, tasks, retries, emit, signal } = sweep;
  const href = resolveHandler("mapTasks", handler, from);
  const waiting = tasks.values();
  const runOne = async (pool: ThreadPool, { key, input }: SweepTask) => {
    const text = JSON.stringify(input);
    try {
      const attempt = (index: number) =>
        pool.run({ href, input: text, context: { name, key, attempt: index } }, signal);
      emit({ key, output: await withRetries(attempt, retries, signal) });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      emit({ key, error });
    }
  };
  await withThreads(numThreads, async (pool) => {
    const lane = async () => {
      for (const task of waiting) await runOne(pool, task);
    };
    await Promise.all(Array.from({ length: Math.min(numThreads, tasks.length) }, lane));
  });
}
