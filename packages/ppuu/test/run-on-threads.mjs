// Evaluates one policy in this process and on threads, from the built package; prints both as JSON.
import { readdir } from "node:fs/promises";
import { init } from "@lab/core";
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
const inline = await evaluate(policy, options);
const threads = await evaluate(policy, { ...options, runner: "threads:2", store });
const files = (await readdir(store, { recursive: true })).filter((name) => name.endsWith(".json"));
const again = await evaluate(policy, { ...options, runner: "threads:2", store });
process.stdout.write(JSON.stringify({ inline, threads, again, numFiles: files.length }));
