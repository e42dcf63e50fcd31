// Where the time of a loop goes, from the engine's own sampling profiler.
import { Session } from "node:inspector/promises";

/** Kinds of work, and which frames of a profile are of a kind; the first that fits counts. */
const kinds = [
  ["idle", ({ functionName }) => functionName === "(idle)"],
  ["garbage collection", ({ functionName }) => functionName === "(garbage collector)"],
  ["kernels", ({ url, functionName }) => url.startsWith("wasm:") || functionName.startsWith("wasm-")],
  [
    "copies",
    ({ url, functionName }) => url === "" && /^(set|fill|slice|copyWithin|from)$/.test(functionName),
  ],
  ["engine", ({ url }) => url.includes("@tensorflow")],
  ["host work", ({ url }) => url !== "" && !url.startsWith("node:")],
  ["runtime", () => true],
];

/** Shares of each kind of work in the samples taken while `run` runs again and again for `milliseconds`. */
export async function profile(run, milliseconds) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 500 });
  await session.post("Profiler.start");
  const start = performance.now();
  do await run();
  while (performance.now() - start < milliseconds);
  const { profile: found } = await session.post("Profiler.stop");
  session.disconnect();
  const frames = new Map(found.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const shares = Object.fromEntries(kinds.map(([name]) => [name, 0]));
  const total = found.timeDeltas.reduce((sum, delta) => sum + delta, 0);
  for (const [i, id] of found.samples.entries()) {
    const [kind] = kinds.find(([, fits]) => fits(frames.get(id)));
    shares[kind] += found.timeDeltas[i] / total;
  }
  return shares;
}
