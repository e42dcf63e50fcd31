// Cost of a task that does nothing, on every runner, against a bare BullMQ queue on the same Redis in the same run.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { mapTasks, serveTasks } from "@lab/core/jobs";
import { row } from "@lab/tooling/bench";
import { hasRedis, startRedis } from "@lab/tooling/redis-server";
import { Queue, QueueEvents, Worker } from "bullmq";
import { Redis } from "ioredis";

const CONCURRENCY = 4;

/** Milliseconds a task of a sweep, after a small one to warm up. */
async function sweep(handler, count, options) {
  const run = async (name, n) => {
    const inputs = Array.from({ length: n }, (_, i) => ({ key: `${i}`, input: i }));
    const start = performance.now();
    let done = 0;
    for await (const _ of mapTasks({ name, handler, inputs, ...options })) done++;
    if (done !== n) throw new Error(`${done} of ${n} tasks came back`);
    return (performance.now() - start) / n;
  };
  await run("warm-up", 20);
  return run("measured", count);
}

/** Milliseconds a job of BullMQ itself, waited for through its events. */
async function bareQueue(redis, count) {
  const connection = new Redis(redis, { maxRetriesPerRequest: null });
  const queue = new Queue("bare", { connection });
  const listening = connection.duplicate();
  const events = new QueueEvents("bare", { connection: listening });
  const worker = new Worker("bare", async (job) => job.data, { connection, concurrency: CONCURRENCY });
  await events.waitUntilReady();
  const start = performance.now();
  const jobs = await queue.addBulk(Array.from({ length: count }, (_, i) => ({ name: "x", data: { i } })));
  await Promise.all(jobs.map((job) => job.waitUntilFinished(events)));
  const cost = (performance.now() - start) / count;
  await Promise.all([worker.close(), events.close(), queue.close()]);
  connection.disconnect();
  listening.disconnect();
  return cost;
}

const COUNT = 1000;

export async function rows() {
  const dir = mkdtempSync(join(tmpdir(), "lab-bench-"));
  writeFileSync(join(dir, "noop.mjs"), "export default (input) => input;\n");
  const handler = pathToFileURL(join(dir, "noop.mjs")).href;
  const result = [];
  for (const runner of ["inline", "threads:2"]) {
    result.push(row({ name: `a task, ${runner}`, ours: [await sweep(handler, COUNT, { runner })] }));
  }
  if (!hasRedis)
    return { rows: result, skipped: [{ name: "redis", reason: "no redis-server on this machine" }] };
  const server = await startRedis();
  try {
    const redis = server.url;
    const rival = [await bareQueue(redis, COUNT)];
    for (const threads of [false, true]) {
      const controller = new AbortController();
      const queue = `lab-${threads}`;
      const options = { redis, queue, allow: [handler], concurrency: CONCURRENCY, threads };
      const served = serveTasks({ ...options, signal: controller.signal });
      for (const store of [undefined, join(dir, `store-${threads}`)]) {
        const runner = { redis, queue };
        const ours = [await sweep(handler, COUNT, { runner, ...(store && { store }) })];
        const name = `a task, redis${threads ? ", threads" : ""}${store ? ", stored" : ""}`;
        result.push(row({ name, ours, rival, rivalName: "bullmq alone", bar: { of: "ours", atMost: 5 } }));
      }
      controller.abort();
      await served;
    }
  } finally {
    await server.stop();
  }
  return { rows: result };
}
