import { checkInteger } from "../check/index.js";
import { connectRedis, loadQueue } from "./redis-connection.node.js";
import { DEFAULT_QUEUE, MAX_LOST_WORKERS, type QueuedTask } from "./redis-task.js";
import { importHandler, resolveHandler } from "./resolve-handler.node.js";
import { ThreadPool } from "./thread-pool.node.js";
import type { ServeTasksOptions } from "./types.js";

/**
 * Works off tasks of a Redis queue until it is stopped; any number of workers on any machines share a queue.
 *
 * A worker that dies loses its lease, and its task goes to another one. Only handlers on the list are run, whatever the
 * queue holds, and each machine resolves them for itself.
 *
 * @param options - See {@link ServeTasksOptions}.
 * @returns Once `signal` has fired and the tasks underway are done.
 * @throws {@link ArgumentError} when a handler of the list cannot be found; {@link BackendError} when the server does not
 * answer or the queue libraries are not installed.
 */
export async function serveTasks(options: ServeTasksOptions): Promise<void> {
  const { redis, queue = DEFAULT_QUEUE, allow, threads = true, signal, onProgress, onWarning } = options;
  const concurrency = checkInteger("serveTasks", "concurrency", options.concurrency ?? 1, {
    min: 1,
    max: 1024,
  });
  const leaseMs = checkInteger("serveTasks", "leaseMs", options.leaseMs ?? 30_000, { min: 100 });
  const hrefs = new Map(allow.map((handler) => [handler, resolveHandler("serveTasks", handler)]));

  const { bullmq, Client } = await loadQueue("serveTasks");
  const connection = await connectRedis("serveTasks", redis, Client, onWarning);
  const pool = threads ? new ThreadPool(concurrency) : undefined;
  const never = new AbortController().signal;
  const run = async (task: QueuedTask, attempt: number): Promise<unknown> => {
    const href = hrefs.get(task.handler);
    if (href === undefined) {
      throw new bullmq.UnrecoverableError(
        `serveTasks: handler ${JSON.stringify(task.handler)} is not on this worker's list; one of ${allow.join(", ") || "none"} was expected`,
      );
    }
    const context = { name: task.name, key: task.key, attempt };
    if (pool) return pool.run({ href, input: JSON.stringify(task.input), context });
    const handler = await importHandler(href);
    return (await handler(task.input, { ...context, signal: never })) ?? null;
  };

  const worker = new bullmq.Worker<QueuedTask>(queue, (job) => run(job.data, job.attemptsMade), {
    connection,
    concurrency,
    lockDuration: leaseMs,
    stalledInterval: leaseMs,
    maxStalledCount: MAX_LOST_WORKERS,
  });
  worker.on("error", (error) => onWarning?.(error.message));
  let done = 0;
  worker.on("completed", () => onProgress?.({ done: ++done }));
  worker.on("failed", (job, error) => onWarning?.(`task ${job?.data.key ?? "?"}: ${error.message}`));
  try {
    await new Promise<void>((resolve) => {
      if (signal?.aborted) resolve();
      else signal?.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    await worker.close();
    await pool?.close();
    connection.disconnect();
  }
}
