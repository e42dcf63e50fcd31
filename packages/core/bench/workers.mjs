// How a sweep scales with workers: real Redis, real workers, tasks that sleep. What is lost is the queue's, the result
// store's and the stragglers'.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { mapTasks } from "@lab/core/jobs";
import { row } from "@lab/tooling/bench";
import { hasRedis, startRedis } from "@lab/tooling/redis-server";

const PER_WORKER = 5;
/** Workers that one process holds; each has connections of its own. */
const PER_PROCESS = 250;
/** One task in so many takes ten times as long. */
const STRAGGLERS = 50;

const HANDLER = `import { setTimeout } from "node:timers/promises";
export default async (ms) => { await setTimeout(ms); return ms; };
`;

const WORKERS = `import { serveTasks } from "@lab/core/jobs";
const [redis, queue, handler, count] = process.argv.slice(1);
const options = { redis, queue, allow: [handler], concurrency: 1, threads: false };
for (let i = 0; i < Number(count); i++) void serveTasks(options);
console.log("ready");
`;

/** Starts `count` workers in few processes; answers a function that ends them. */
async function startWorkers(redis, queue, handler, count) {
  const processes = [];
  for (let left = count; left > 0; left -= PER_PROCESS) {
    const own = String(Math.min(PER_PROCESS, left));
    const child = spawn(
      process.execPath,
      ["--input-type=module", "-e", WORKERS, redis, queue, handler, own],
      { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] },
    );
    processes.push(child);
    await once(createInterface(child.stdout), "line");
  }
  return () => {
    for (const child of processes) child.kill("SIGKILL");
  };
}

async function sweep({ redis, queue, handler, store, name, times }) {
  const inputs = times.map((input, i) => ({ key: `${i}`, input }));
  const start = performance.now();
  let done = 0;
  const options = { name, handler, inputs, runner: { redis, queue }, ...(store && { store }) };
  for await (const _ of mapTasks(options)) done++;
  if (done !== inputs.length) throw new Error(`${done} of ${inputs.length} tasks came back`);
  return performance.now() - start;
}

/** Longest finishing time when each task goes to the worker that is free first. */
function idealTime(times, workers) {
  const free = new Float64Array(workers);
  for (const time of times) {
    let first = 0;
    for (let w = 1; w < workers; w++) if (free[w] < free[first]) first = w;
    free[first] += time;
  }
  return Math.max(...free);
}

export async function rows() {
  if (!hasRedis)
    return { rows: [], skipped: [{ name: "workers", reason: "no redis-server on this machine" }] };
  const dir = mkdtempSync(join(tmpdir(), "lab-bench-"));
  const path = join(dir, "sleep.mjs");
  writeFileSync(path, HANDLER);
  const handler = pathToFileURL(path).href;
  const server = await startRedis();
  const redis = server.url;
  const result = [];
  try {
    for (const workers of [10, 100, 1000]) {
      const queue = `workers-${workers}`;
      const stop = await startWorkers(redis, queue, handler, workers);
      try {
        await sweep({ redis, queue, handler, name: "warm", times: Array(workers).fill(1) });
        for (const [ms, isUneven] of [
          [50, false],
          [500, false],
          [500, true],
        ]) {
          const times = Array.from({ length: PER_WORKER * workers }, (_, i) =>
            isUneven && i % STRAGGLERS === STRAGGLERS - 1 ? 10 * ms : ms,
          );
          const name = `${workers} workers, tasks of ${ms} ms${isUneven ? `, one in ${STRAGGLERS} of ${10 * ms} ms` : ""}`;
          const store = join(dir, `${workers}-${ms}-${isUneven}`);
          const ours = await sweep({ redis, queue, handler, store, name, times });
          const work = times.reduce((sum, time) => sum + time, 0);
          result.push(
            row({
              name,
              ours,
              rival: idealTime(times, workers),
              rivalName: "workers that wait for nothing",
              note: `${Math.round((1000 * times.length) / ours)} tasks/s, ${Math.round((100 * work) / workers / ours)} % of the workers' time is work`,
            }),
          );
        }
      } finally {
        stop();
      }
    }
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
  return { rows: result };
}
