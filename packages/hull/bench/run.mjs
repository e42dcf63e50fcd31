// Membership, distance and extreme points against HiGHS (wasm) and, where LAB_PYTHON names a Python with SciPy, linprog,
// nnls and Qhull. Every row is one run on this machine; ratio = theirs / ours. Times are those of the processor, which a
// busy machine changes little; M7 and M8 are of the clock. Needs a build.
//   node bench/run.mjs [--json FILE] [--only M1,M4] [--repeats 5] [--full]
// --full adds what takes minutes: Qhull at N = 10,000, and all of MNIST where LAB_DATA_DIR has it.
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { init } from "@lab/core";
import { Generator } from "@lab/core/random";
import { ConvexHull, npySource, verifyCertificate } from "@lab/hull";
import { gaussianHullProbability } from "@lab/hull/theory";
import { distance, elastic } from "./highs-rival.mjs";

const { values: given } = parseArgs({
  options: {
    json: { type: "string" },
    only: { type: "string" },
    repeats: { type: "string", default: "5" },
    full: { type: "boolean", default: false },
  },
});
const repeats = Number(given.repeats);
const only = given.only?.split(",");
const folder = await mkdtemp(join(tmpdir(), "hull-bench-"));
const device = await init({ backend: "wasm" });
const rows = [];

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const round = (value) => Number(value.toPrecision(3));

/** Milliseconds that this process has computed for, all threads together. */
function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds of `repeats` runs after one to warm up. */
async function timesOf(body, now = processorTime) {
  await body();
  const times = [];
  for (let r = 0; r < repeats; r++) {
    const start = now();
    await body();
    times.push(now() - start);
  }
  return times;
}

/** Adds a row: milliseconds of ours and of a rival for the same work; a bar on the ratio, or on ours alone. */
function add({ name, ours, rival, rivalName, bar, unit = "ms", notes }) {
  const isMissing = rival === undefined;
  const own = median(ours);
  const ratio = isMissing ? null : round(median(rival) / own);
  const met =
    bar === undefined
      ? null
      : bar.ratio === undefined
        ? own <= bar.most
        : isMissing
          ? null
          : ratio >= bar.ratio;
  const row = {
    name,
    ours: round(own),
    rival: isMissing ? null : round(median(rival)),
    rivalName: rivalName ?? null,
    unit,
    ratio,
    bar: bar === undefined ? null : bar.ratio === undefined ? `<= ${bar.most} ${unit}` : `>= ${bar.ratio}x`,
    met,
    spread: [Math.min(...ours), Math.max(...ours)].map(round),
    ...(notes !== undefined && { notes }),
  };
  rows.push(row);
  const verdict = met === null ? "" : met ? "  met" : "  MISSED";
  const against = isMissing
    ? rivalName
      ? `  ${rivalName}: not here`
      : ""
    : `  ${row.rival} ${rivalName}  ${ratio}x`;
  process.stdout.write(
    `${name.padEnd(44)} ${String(row.ours).padStart(8)} ${unit}${against}${row.bar ? `  bar ${row.bar}` : ""}${verdict}${notes ? `  (${notes})` : ""}\n`,
  );
}

async function scipy(x, n, d, q, what) {
  if (!process.env.LAB_PYTHON) return {};
  const [px, pq] = [join(folder, "x.bin"), join(folder, "q.bin")];
  writeFileSync(px, x);
  writeFileSync(pq, q);
  const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, ...env } = process.env;
  const script = new URL("./scipy_rivals.py", import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(
    process.env.LAB_PYTHON,
    [script, px, pq, String(n), String(d), what],
    { env },
  );
  const found = JSON.parse(stdout);
  for (const key of ["linprog", "nnls", "distance", "qhull"]) {
    found[key] = found[key].length > 0 ? found[key].map((s) => 1000 * s) : undefined;
  }
  return found;
}

/** Means of 4 d random points: well inside. */
function mixtures(x, n, d, m, generator) {
  const q = new Float64Array(m * d);
  for (let i = 0; i < m; i++) {
    const chosen = generator
      .split(`mix ${i}`)
      .permutation(n)
      .subarray(0, 4 * d);
    for (const r of chosen) for (let j = 0; j < d; j++) q[i * d + j] += x[r * d + j] / (4 * d);
  }
  return q;
}

async function membership(name, { n = 10_000, d, m, inside = false, rivalQueries, bars }) {
  const generator = new Generator(7).split(name);
  const x = generator.normal64(n * d);
  const q = inside ? mixtures(x, n, d, m, generator) : generator.normal64(m * d);
  const points = { data: x, shape: [n, d] };
  const hull = await ConvexHull.from(points);
  let result;
  const ours = (
    await timesOf(async () => {
      result = await hull.contains({ data: q, shape: [m, d] });
    })
  ).map((t) => t / m);
  const lp = [];
  for (let i = 0; i < rivalQueries; i++) {
    const query = q.subarray(i * d, (i + 1) * d);
    const start = processorTime();
    const verdict = elastic(x, n, d, query);
    lp.push(processorTime() - start);
    const { ok } = await verifyCertificate(points, query, result.certificate(i));
    if (verdict !== (result.status[i] === "inside") || !ok) throw new Error(`${name}: query ${i} differs`);
  }
  const found = await scipy(x, n, d, q.slice(0, rivalQueries * d), "linprog,nnls");
  const notes = `${Math.round((100 * result.rate.inside) / m)} % inside, ${result.rate.boundary} open, ${round(result.stats.meanPasses)} passes`;
  const label = `${name} d ${d}, N ${n}, a query`;
  add({
    name: label,
    ours,
    rival: lp,
    rivalName: "HiGHS wasm",
    bar: bars.highs && { ratio: bars.highs },
    notes,
  });
  add({
    name: label,
    ours,
    rival: found.linprog,
    rivalName: "SciPy linprog",
    bar: bars.linprog && { ratio: bars.linprog },
  });
  add({
    name: label,
    ours,
    rival: found.nnls,
    rivalName: "SciPy nnls",
    bar: bars.nnls && { ratio: bars.nnls },
  });
}

async function distances() {
  const [n, d, m] = [10_000, 50, 40];
  const generator = new Generator(7).split("M4");
  const x = generator.normal64(n * d);
  const q = generator.normal64(m * d);
  const hull = await ConvexHull.from({ data: x, shape: [n, d] });
  let result;
  const ours = (
    await timesOf(async () => {
      result = await hull.distance({ data: q, shape: [m, d] });
    })
  ).map((t) => t / m);
  const qp = [];
  const notes = [];
  for (let i = 0; i < 2; i++) {
    const start = processorTime();
    const value = distance(x, n, d, q.subarray(i * d, (i + 1) * d));
    qp.push(processorTime() - start);
    notes.push(Math.abs(value / result.distance[i] - 1).toExponential(0));
  }
  const found = await scipy(x, n, d, q.slice(0, 4 * d), "distance");
  for (const [i, value] of (found.distances ?? []).entries()) {
    if (Math.abs(value / result.distance[i] - 1) > 1e-9) throw new Error(`M4: distance ${i} differs`);
  }
  const name = `M4 distance d ${d}, N ${n}, a query`;
  add({
    name,
    ours,
    rival: qp,
    rivalName: "HiGHS wasm QP",
    bar: { ratio: 100 },
    notes: `it differs by ${notes.join(", ")}`,
  });
  add({ name, ours, rival: found.distance, rivalName: "SciPy nnls", bar: { ratio: 8 } });
}

async function extremePoints() {
  const d = 8;
  for (const n of given.full ? [10_000] : [1000]) {
    const x = new Generator(7).split("M5").normal64(n * d);
    let count;
    const ours = await timesOf(async () => {
      count = (await (await ConvexHull.from({ data: x, shape: [n, d] })).extremePoints()).length;
    });
    const found = await scipy(x, n, d, new Float64Array(0), "qhull");
    if (found.vertices !== undefined && found.vertices !== count) throw new Error("M5: the numbers differ");
    const bar = n === 10_000 ? { ratio: 50 } : undefined;
    add({
      name: `M5 extreme points d ${d}, N ${n}`,
      ours,
      rival: found.qhull,
      rivalName: "Qhull",
      bar,
      notes: `${count} extreme`,
    });
  }
}

function probabilities() {
  const slowest = [];
  for (let r = 0; r < repeats; r++) {
    let most = 0;
    for (const [n, d] of [
      [1e12, 200],
      [1e12, 20],
      [1e6, 100],
      [1000, 200],
      [1e9, 50],
      [1e12, 2],
    ]) {
      const begin = processorTime();
      gaussianHullProbability({ n, d });
      most = Math.max(most, processorTime() - begin);
    }
    slowest.push(most);
  }
  add({ name: "M6 slowest Gaussian probability", ours: slowest, bar: { most: 20 } });
}

async function wholeMnist() {
  const dir = process.env.LAB_DATA_DIR;
  if (!given.full || !dir) {
    process.stdout.write("M7 MNIST 60,000/10,000: not run (--full and LAB_DATA_DIR)\n");
    return;
  }
  const { mnist } = await import("@lab/core/data");
  const bytesOf = async (split) => {
    const { x } = await mnist({ dir: join(dir, "mnist"), split }).arrays();
    return { data: Uint8Array.from(x, (v) => Math.round(255 * v)), shape: [x.length / 784, 784] };
  };
  const [train, test] = [await bytesOf("train"), await bytesOf("test")];
  const start = performance.now();
  const hull = await ConvexHull.from(train);
  const { rate, stats } = await hull.contains(test);
  const seconds = (performance.now() - start) / 1000;
  add({
    name: "M7 MNIST 60,000/10,000 in 784 dimensions",
    ours: [seconds],
    unit: "s",
    bar: { most: 120 },
    notes: `${rate.inside} inside, ${rate.boundary} open, ${stats.engine}, ${device.threads ?? 1} wasm threads`,
  });
}

async function sharing() {
  const [n, d, m] = [10_000, 20, 1024];
  const generator = new Generator(7).split("M8");
  const x = generator.normal64(n * d);
  const q = { data: generator.normal64(m * d), shape: [m, d] };
  const hull = await ConvexHull.from({ data: x, shape: [n, d] }, { engine: "simd" });
  const ask = async (runner) => {
    const checkpoint = await mkdtemp(join(folder, "c-"));
    const start = performance.now();
    await hull.contains(q, { runner, checkpoint, blockSize: 64 });
    return performance.now() - start;
  };
  const [one, two] = [[], []];
  for (let r = 0; r < repeats; r++) {
    one.push(await ask("threads:1"));
    two.push(await ask("threads:2"));
  }
  const name = `M8 two threads d ${d}, N ${n}, ${m} queries`;
  const notes = `${availableParallelism()} processors`;
  add({ name, ours: two, rival: one, rivalName: "one thread", bar: { ratio: 1.7 }, notes });

  const { writeNpy } = await import("@lab/core/io");
  const path = join(folder, "x.npy");
  const wide = new Generator(7).split("disk").normal64(20_000 * 100);
  await writeNpy(path, { data: wide, shape: [20_000, 100] });
  const outside = { data: new Generator(8).normal64(1000 * 100), shape: [1000, 100] };
  const options = { duplicates: false, faces: false };
  const inMemory = await ConvexHull.from({ data: wide, shape: [20_000, 100] }, options);
  const onDisk = await ConvexHull.from(await npySource(path), options);
  const clock = () => performance.now();
  const memory = await timesOf(() => inMemory.contains(outside), clock);
  const disk = await timesOf(() => onDisk.contains(outside), clock);
  // ≤ 1.3 times the time in memory: memory / disk ≥ 1 / 1.3.
  add({
    name: "M8 from disk d 100, N 20,000",
    ours: disk,
    rival: memory,
    rivalName: "in memory",
    bar: { ratio: 0.77 },
  });
}

const benches = {
  M1: () =>
    membership("M1 outside", { d: 100, m: 1000, rivalQueries: 2, bars: { highs: 1000, linprog: 1000 } }),
  M2: () => membership("M2 mixed", { d: 10, m: 300, rivalQueries: 10, bars: { highs: 20, nnls: 10 } }),
  M3: async () => {
    await membership("M3 inside", { d: 50, m: 40, inside: true, rivalQueries: 3, bars: { highs: 30 } });
    await membership("M3 inside", { d: 100, m: 20, inside: true, rivalQueries: 2, bars: { highs: 15 } });
  },
  M4: distances,
  M5: extremePoints,
  M6: probabilities,
  M7: wholeMnist,
  M8: sharing,
};
for (const [name, bench] of Object.entries(benches)) {
  if (only === undefined || only.includes(name)) await bench();
}
if (!process.env.LAB_PYTHON) process.stdout.write("LAB_PYTHON is not set: no SciPy here\n");
if (given.json !== undefined) {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const machine = { processor: cpus()[0]?.model ?? "unknown", processors: availableParallelism() };
  const versions = { "@lab/hull": version, node: process.version, backend: device.backend };
  writeFileSync(given.json, JSON.stringify({ package: "@lab/hull", machine, versions, rows }, null, 2));
}
await rm(folder, { recursive: true, force: true });
