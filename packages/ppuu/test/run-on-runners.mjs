// Evaluates one policy in this process, on threads and, where there is a server to start, over Redis, from the built
// package; prints the reports as JSON.
import { readdir } from "node:fs/promises";
import { init } from "@lab/core";
import { serveTasks } from "@lab/core/jobs";
import { mlpPolicy, simulateTraffic, subsampleLog, vectorCosts } from "@lab/ppuu";
import { evaluate } from "@lab/ppuu/evaluation";
import { hasRedis, startRedis } from "@lab/tooling/redis-server";

await init({ backend: "wasm" });
const store = process.argv[2];
const log = subsampleLog(await simulateTraffic({ seconds: 12, scenes: 2, seed: 11, warmup: 15 }), 2);
const policy = mlpPolicy({ seed: 1 });
const options = {
  log,
  episodes: 30,
  seed: 3,
  limit: 8,
  destination: 40,
  mode: "replay",
  costs: vectorCosts(),
};

/** The same over a queue, with one worker. */
async function overRedis() {
  if (!hasRedis) return null;
  const server = await startRedis();
  const redis = server.url;
  const stop = new AbortController();
  const worker = serveTasks({ redis, allow: ["@lab/ppuu/worker"], threads: false, signal: stop.signal });
  try {
    return await evaluate(policy, { ...options, runner: { redis } });
  } finally {
    stop.abort();
    await worker;
    await server.stop();
  }
}

const inline = await evaluate(policy, options);
const threads = await evaluate(policy, { ...options, runner: "threads:2", store });
const files = (await readdir(store, { recursive: true })).filter((name) => name.endsWith(".json"));
const again = await evaluate(policy, { ...options, runner: "threads:2", store });
const redis = await overRedis();
process.stdout.write(JSON.stringify({ inline, threads, again, numFiles: files.length, redis }));
