// M7 and M8: all of MNIST, threads, and points on disk; times of the clock.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { init } from "@lab/core";
import { mnist } from "@lab/core/data";
import { writeNpy } from "@lab/core/io";
import { Generator } from "@lab/core/random";
import { ConvexHull, npySource } from "@lab/hull";
import { inTurns, repeatsOr, row } from "@lab/tooling/bench";

/** M7: every test image of MNIST against all training images, proven. */
export async function wholeMnist() {
  const dir = process.env.LAB_DATA_DIR;
  const name = "M7 MNIST 60,000/10,000 in 784 dimensions";
  if (!dir) return { rows: [], skipped: [{ name, reason: "LAB_DATA_DIR names no folder" }] };
  const device = await init({ backend: "wasm" });
  const bytesOf = async (split) => {
    const { x } = await mnist({ dir: join(dir, "mnist"), split }).arrays();
    return { data: Uint8Array.from(x, (value) => Math.round(255 * value)), shape: [x.length / 784, 784] };
  };
  const [train, test] = [await bytesOf("train"), await bytesOf("test")];
  const start = performance.now();
  const hull = await ConvexHull.from(train);
  const { rate, stats } = await hull.contains(test);
  const seconds = (performance.now() - start) / 1000;
  const note = `${rate.inside} inside, ${rate.boundary} open, ${stats.engine}, ${device.threads ?? 1} wasm threads`;
  return { rows: [row({ name, ours: seconds, unit: "s", bar: { of: "ours", atMost: 120 }, note })] };
}

/** M8: two threads against one, and points on disk against points in memory. */
export async function sharing() {
  await init({ backend: "wasm" });
  const folder = mkdtempSync(join(tmpdir(), "hull-bench-"));
  try {
    return { rows: [await onThreads(folder), await fromDisk(folder)] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function onThreads(folder) {
  const [n, d, m] = [10_000, 20, 1024];
  const generator = new Generator(7).split("M8");
  const x = generator.normal64(n * d);
  const q = { data: generator.normal64(m * d), shape: [m, d] };
  const hull = await ConvexHull.from({ data: x, shape: [n, d] }, { engine: "simd" });
  const ask = (runner) => () =>
    hull.contains(q, { runner, checkpoint: mkdtempSync(join(folder, "c-")), blockSize: 64 });
  const times = await inTurns({ one: ask("threads:1"), two: ask("threads:2") }, repeatsOr(5), { warm: 2 });
  return row({
    name: `M8 two threads d ${d}, N ${n}, ${m} queries`,
    ours: times.two,
    rival: times.one,
    rivalName: "one thread",
    bar: { of: "ratio", atMost: 1 / 1.7 },
    note: `${availableParallelism()} processors`,
  });
}

async function fromDisk(folder) {
  const [n, d] = [20_000, 100];
  const path = join(folder, "x.npy");
  const x = { data: new Generator(7).split("disk").normal64(n * d), shape: [n, d] };
  await writeNpy(path, x);
  const outside = { data: new Generator(8).normal64(1000 * d), shape: [1000, d] };
  const options = { duplicates: false, faces: false };
  const inMemory = await ConvexHull.from(x, options);
  const onDisk = await ConvexHull.from(await npySource(path), options);
  const times = await inTurns(
    { disk: () => onDisk.contains(outside), memory: () => inMemory.contains(outside) },
    repeatsOr(5),
  );
  return row({
    name: `M8 from disk d ${d}, N ${n}`,
    ours: times.disk,
    rival: times.memory,
    rivalName: "in memory",
    bar: { of: "ratio", atMost: 1.3 },
  });
}
