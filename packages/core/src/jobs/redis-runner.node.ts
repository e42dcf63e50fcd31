import type { Job, Queue } from "bullmq";
import { connectRedis, loadQueue } from "./redis-connection.node.js";
import { DEFAULT_QUEUE, type QueuedTask } from "./redis-task.js";
import { taskHash } from "./result-store.node.js";
import { FIRST_PAUSE_MS, pause } from "./retry.js";
import type { Sweep, SweepTask } from "./sweep.js";

/** Tasks handed over or looked up at once. */
const CHUNK = 500;

/** Milliseconds between looks at the server for outcomes whose event was missed and for tasks that it lost. */
const LOOK_MS = 1000;

/** Milliseconds that saying goodbye may take. */
const CLOSE_MS = 2000;

/** Seconds for which the server keeps outcomes, for other coordinators of the same sweep. */
const KEEP_S = 3600;

/**
 * Hands the tasks to workers on a Redis queue and collects the outcomes.
 *
 * A task's identifier on the queue is a hash of what it is, so that several coordinators of one sweep share it. Outcomes
 * come as events; a slow poll catches those that were missed and hands over again what a server without a memory lost.
 */
export async function runOnRedis(sweep: Sweep, redis: string, queueName = DEFAULT_QUEUE): Promise<void> {
  const { signal, emit } = sweep;
  const { bullmq, Client } = await loadQueue("mapTasks");
  const connection = await connectRedis("mapTasks", redis, Client);
  const listening = connection.duplicate();
  listening.on("error", () => undefined); // it reconnects by itself
  const queue: Queue<QueuedTask> = new bullmq.Queue(queueName, { connection });
  const events = new bullmq.QueueEvents(queueName, { connection: listening });
  queue.on("error", () => undefined);
  events.on("error", () => undefined);

  const pending = new Map<string, SweepTask>();
  for (const task of sweep.tasks) pending.set(identifier(sweep, task), task);
  const added = new Set<string>();
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const settle = (id: string, outcome: { output: unknown } | { error: unknown }) => {
    const task = pending.get(id);
    if (task === undefined) return;
    pending.delete(id);
    emit({ key: task.key, ...outcome });
    if (pending.size === 0) finish();
  };
  events.on("completed", ({ jobId, returnvalue }) => settle(jobId, { output: returnvalue }));
  events.on("failed", ({ jobId, failedReason }) => settle(jobId, { error: new Error(failedReason) }));

  const watch = new AbortController();
  const stop = AbortSignal.any([signal, watch.signal]);
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  stopped.catch(() => undefined);
  const work = async () => {
    await events.waitUntilReady();
    await eachChunk([...pending.keys()], (ids) => handOver(queue, sweep, pending, ids, added, settle, true));
    // From here on only what is missing on the server is handed over again.
    const look = async () => {
      for (;;) {
        await pause(LOOK_MS, stop);
        await eachChunk([...pending.keys()], (ids) =>
          handOver(queue, sweep, pending, ids, added, settle, false),
        );
      }
    };
    await Promise.race([finished, look()]);
  };
  try {
    if (signal.aborted) throw signal.reason;
    if (pending.size > 0) await Promise.race([work(), stopped]);
  } finally {
    watch.abort();
    const isUp = connection.status === "ready";
    if (isUp && pending.size > 0)
      await withdraw(
        queue,
        [...pending.keys()].filter((id) => added.has(id)),
      );
    // A server that is down must not keep anybody from stopping.
    const closed = Promise.allSettled([events.close(), queue.close()]);
    await Promise.race([closed, pause(CLOSE_MS, new AbortController().signal)]);
    connection.disconnect();
    listening.disconnect();
  }
}

function identifier({ name, handler }: Sweep, { key, input }: SweepTask): string {
  return `task-${taskHash(name, handler, key, JSON.stringify(input))}`;
}

async function eachChunk(
  ids: readonly string[],
  body: (ids: readonly string[]) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < ids.length; at += CHUNK) await body(ids.slice(at, at + CHUNK));
}

/** Settles what is finished on the server and adds what is not there; a failure of an earlier run is tried again. */
async function handOver(
  queue: Queue<QueuedTask>,
  sweep: Sweep,
  pending: ReadonlyMap<string, SweepTask>,
  ids: readonly string[],
  added: Set<string>,
  settle: (id: string, outcome: { output: unknown } | { error: unknown }) => void,
  isFirst: boolean,
): Promise<void> {
  const jobs = await Promise.all(ids.map((id) => queue.getJob(id)));
  const missing: string[] = [];
  for (const [i, id] of ids.entries()) {
    const job: Job<QueuedTask> | undefined = jobs[i];
    if (job === undefined) missing.push(id);
    else if (job.finishedOn === undefined) continue;
    else if (job.failedReason === undefined) settle(id, { output: job.returnvalue });
    else if (!isFirst) settle(id, { error: new Error(job.failedReason) });
    else {
      await job.remove().catch(() => undefined); // another coordinator may have been faster
      missing.push(id);
    }
  }
  const bulk = missing.flatMap((id) => {
    const task = pending.get(id);
    if (task === undefined) return [];
    added.add(id);
    const data = { name: sweep.name, key: task.key, handler: sweep.handler, input: task.input };
    return [{ name: sweep.name, data, opts: { jobId: id, ...jobOptions(sweep.retries) } }];
  });
  if (bulk.length > 0) await queue.addBulk(bulk);
}

const jobOptions = (retries: number) => ({
  attempts: retries + 1,
  backoff: { type: "exponential", delay: FIRST_PAUSE_MS },
  removeOnComplete: { age: KEEP_S },
  removeOnFail: { age: KEEP_S },
});

/** Takes back what no worker has begun. */
async function withdraw(queue: Queue<QueuedTask>, ids: readonly string[]): Promise<void> {
  await eachChunk(ids, async (chunk) => {
    const jobs = await Promise.all(chunk.map((id) => queue.getJob(id)));
    // A task that runs is locked and stays; its result is there for the next coordinator.
    await Promise.allSettled(jobs.map((job) => job?.remove()));
  });
}
