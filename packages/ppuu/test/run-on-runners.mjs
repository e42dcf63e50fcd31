// Evaluates one policy in this process, on threads and, where there is a server to start, over Redis, from the built
// package; prints the reports as JSON.
import { spawn, spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { init } from "@lab/core";
import { serveTasks } from "@lab/core/jobs";
import { mlpPolicy, simulateTraffic, subsampleLog, vectorCosts } from "@lab/ppuu";
import { evaluate } from "@lab/ppuu/evaluation";

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
  if (spawnSync("redis-server", ["--version"]).status !== 0) return null;
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  const words = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = spawn("redis-server", words, { stdio: "ignore" });
  const redis = `redis://127.0.0.1:${port}`;
  const stop = new AbortController();
  const worker = serveTasks({ redis, allow: ["@lab/ppuu/worker"], threads: false, signal: stop.signal });
  try {
    return await evaluate(policy, { ...options, runner: { redis } });
  } finally {
    stop.abort();
    await worker;
    server.kill();
  }
}

const inline = await evaluate(policy, options);
const threads = await evaluate(policy, { ...options, runner: "threads:2", store });
const files = (await readdir(store, { recursive: true })).filter((name) => name.endsWith(".json"));
const again = await evaluate(policy, { ...options, runner: "threads:2", store });
const redis = await overRedis();
process.stdout.write(JSON.stringify({ inline, threads, again, numFiles: files.length, redis }));
