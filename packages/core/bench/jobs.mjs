// Cost of a task that does nothing, on every runner, against a bare BullMQ queue on the same Redis in the same run:
//   pnpm --filter @lab/core build && node bench/jobs.mjs [count]
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { mapTasks, serveTasks } from "@lab/core/jobs";
import { Queue, QueueEvents, Worker } from "bullmq";
import { Redis } from "ioredis";

const CONCURRENCY = 4;
const PORT = 17_391;

/** Milliseconds a task of a sweep, after a small one to warm up. */
export async function sweep(handler, count, options) {
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
export async function bareQueue(redis, count) {
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

/** All runners; those on Redis only where there is a server to start. */
export async function compare(count = 2000) {
  const dir = mkdtempSync(join(tmpdir(), "lab-bench-"));
  writeFileSync(join(dir, "noop.mjs"), "export default (input) => input;\n");
  const handler = pathToFileURL(join(dir, "noop.mjs")).href;
  const rows = [];
  for (const runner of ["inline", "threads:2"]) {
    rows.push({ runner, ms: await sweep(handler, count, { runner }) });
  }
  if (spawnSync("redis-server", ["--version"]).status !== 0) return rows;
  const server = spawn("redis-server", ["--port", `${PORT}`, "--save", "", "--dir", dir], {
    stdio: "ignore",
  });
  const redis = `redis://127.0.0.1:${PORT}`;
  const bare = await bareQueue(redis, count);
  rows.push({ runner: "bullmq alone", ms: bare });
  for (const threads of [false, true]) {
    const controller = new AbortController();
    const queue = `lab-${threads}`;
    const served = serveTasks({
      redis,
      queue,
      allow: [handler],
      concurrency: CONCURRENCY,
      threads,
      signal: controller.signal,
    });
    const runner = { redis, queue };
    for (const store of [undefined, join(dir, `store-${threads}`)]) {
      const ms = await sweep(handler, count, { runner, ...(store && { store }) });
      const name = `redis${threads ? ", threads" : ""}${store ? ", stored" : ""}`;
      rows.push({ runner: name, ms, ratio: ms / bare });
    }
    controller.abort();
    await served;
  }
  server.kill();
  return rows;
}

if (process.argv[1]?.endsWith("jobs.mjs")) {
  console.log(JSON.stringify(await compare(Number(process.argv[2] ?? 2000)), null, 2));
}
