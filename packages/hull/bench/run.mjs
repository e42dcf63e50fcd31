// Membership and distance against HiGHS (wasm) and, where a Python with SciPy is found (LAB_PYTHON), linprog and nnls.
// Each row of the table is one run on this machine; ratios are theirs / ours for one query. Run: npm run bench
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { init } from "@lab/core";
import { Generator } from "@lab/core/random";
import { ConvexHull, verifyCertificate } from "@lab/hull";
import { gaussianHullProbability } from "@lab/hull/theory";
import loadHighs from "highs";

const repeats = Number(process.env.LAB_BENCH_REPEATS ?? 5);
const python = process.env.LAB_PYTHON ?? "python3";
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const highs = await loadHighs();
const folder = await mkdtemp(join(tmpdir(), "hull-bench-"));
await init({ backend: "wasm" });

/** Feasibility by the elastic program, the best of the configurations tried: presolve off. */
function elastic(x, n, d, q) {
  const numCols = n + 2 * d;
  const starts = new Int32Array(numCols + 1);
  const indices = new Int32Array(n * (d + 1) + 2 * d);
  const values = new Float64Array(indices.length);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) {
      indices[at] = j;
      values[at++] = x[i * d + j] - q[j];
    }
    indices[at] = d;
    values[at++] = 1;
    starts[i + 1] = at;
  }
  for (let c = 0; c < 2 * d; c++) {
    indices[at] = c >> 1;
    values[at++] = c % 2 ? -1 : 1;
    starts[n + c + 1] = at;
  }
  const right = new Float64Array(d + 1);
  right[d] = 1;
  return highs.withModel(
    {
      numCols,
      numRows: d + 1,
      colCost: Float64Array.from({ length: numCols }, (_, c) => (c < n ? 0 : 1)),
      colLower: new Float64Array(numCols),
      colUpper: new Float64Array(numCols).fill(highs.infinity),
      rowLower: right,
      rowUpper: right,
      matrix: { format: "csc", numRows: d + 1, numCols, starts, indices, values },
    },
    (model) => {
      model.options.set({ output_flag: false, presolve: "off" });
      model.run();
      return model.getObjectiveValue() < 1e-7;
    },
  );
}

const rivalProgram = `
import sys, json, time, numpy as np
from scipy.optimize import linprog, nnls
x = np.fromfile(sys.argv[1]).reshape(int(sys.argv[3]), int(sys.argv[4]))
q = np.fromfile(sys.argv[2]).reshape(-1, x.shape[1])
A = np.vstack([x.T, np.ones(len(x))])
out = {"linprog": [], "nnls": [], "inside": []}
for v in q:
    b = np.append(v, 1.0)
    t = time.perf_counter(); r = linprog(np.zeros(len(x)), A_eq=A, b_eq=b, method="highs"); out["linprog"].append(time.perf_counter() - t)
    t = time.perf_counter(); s, rest = nnls(A, b); out["nnls"].append(time.perf_counter() - t)
    out["inside"].append(bool(rest < 1e-7))
print(json.dumps(out))
`;

async function rivals(x, n, d, q) {
  const [px, pq] = [join(folder, "x.bin"), join(folder, "q.bin")];
  writeFileSync(px, x);
  writeFileSync(pq, q);
  const env = { ...process.env };
  delete env.OPENBLAS_CORETYPE;
  delete env.OPENBLAS_L2_SIZE;
  try {
    const args = ["-c", rivalProgram, px, pq, String(n), String(d)];
    return JSON.parse((await promisify(execFile)(python, args, { env })).stdout);
  } catch {
    return null;
  }
}

async function compare(name, { n, d, m, spread = 1, inside = false, rivalQueries = 4 }) {
  const generator = new Generator(7).split(name);
  const x = generator.normal64(n * d);
  let q = generator.normal64(m * d).map((v) => spread * v);
  if (inside) {
    q = new Float64Array(m * d);
    // Means of 4 d random points: well inside.
    for (let i = 0; i < m; i++) {
      for (const r of generator
        .split(`mix ${i}`)
        .permutation(n)
        .subarray(0, 4 * d)) {
        for (let j = 0; j < d; j++) q[i * d + j] += x[r * d + j] / (4 * d);
      }
    }
  }
  const hull = await ConvexHull.from({ data: x, shape: [n, d] });
  const queries = { data: q, shape: [m, d] };
  let result = await hull.contains(queries); // warm
  const times = [];
  for (let r = 0; r < repeats; r++) {
    const start = performance.now();
    result = await hull.contains(queries);
    times.push((performance.now() - start) / m);
  }
  const ours = median(times);
  const highsTimes = [];
  let agree = true;
  for (let i = 0; i < rivalQueries; i++) {
    const query = q.subarray(i * d, (i + 1) * d);
    const start = performance.now();
    const verdict = elastic(x, n, d, query);
    highsTimes.push(performance.now() - start);
    agree &&= verdict === (result.status[i] === "inside");
    agree &&= (await verifyCertificate({ data: x, shape: [n, d] }, query, result.certificate(i))).ok;
  }
  const found = await rivals(x, n, d, q.slice(0, rivalQueries * d));
  const ratio = (seconds) => (found === null ? "no SciPy" : Math.round((1000 * median(seconds)) / ours));
  const distanceTimes = [];
  const some = { data: q.slice(0, Math.min(m, 20) * d), shape: [Math.min(m, 20), d] };
  for (let r = 0; r < repeats; r++) {
    const start = performance.now();
    await hull.distance(some);
    distanceTimes.push((performance.now() - start) / some.shape[0]);
  }
  return {
    name,
    d,
    n,
    queries: m,
    "inside %": (100 * result.rate.inside) / m,
    undecided: result.rate.boundary,
    "ours ms": Number(ours.toPrecision(3)),
    "x highs wasm": Math.round(median(highsTimes) / ours),
    "x linprog": ratio(found?.linprog ?? []),
    "x nnls": ratio(found?.nnls ?? []),
    "distance ms": Number(median(distanceTimes).toPrecision(3)),
    "distance x nnls":
      found === null
        ? "no SciPy"
        : Number(((1000 * median(found.nnls)) / median(distanceTimes)).toPrecision(3)),
    passes: result.stats.meanPasses,
    agree,
  };
}

const rows = [];
const add = (row) => {
  rows.push(row);
  console.log(JSON.stringify(row));
};
add(await compare("M1 outside", { n: 10_000, d: 100, m: 1000, rivalQueries: 2 }));
add(await compare("M2 mixed", { n: 10_000, d: 10, m: 300, rivalQueries: 10 }));
add(await compare("M3 inside", { n: 10_000, d: 50, m: 40, inside: true, rivalQueries: 3 }));
add(await compare("M3 inside", { n: 10_000, d: 100, m: 20, inside: true, rivalQueries: 2 }));
add(await compare("M4 distance", { n: 10_000, d: 50, m: 100, rivalQueries: 3 }));

const cloud = new Generator(7).split("M5").normal64(10_000 * 8);
const start = performance.now();
const extreme = await (await ConvexHull.from({ data: cloud, shape: [10_000, 8] })).extremePoints();
add({
  name: "M5 extreme points",
  d: 8,
  n: 10_000,
  seconds: (performance.now() - start) / 1000,
  extreme: extreme.length,
});

let slowest = 0;
for (const [n, d] of [
  [1e12, 200],
  [1e12, 20],
  [1e6, 100],
  [1000, 200],
  [1e9, 50],
  [1e12, 2],
]) {
  const begin = performance.now();
  gaussianHullProbability({ n, d });
  slowest = Math.max(slowest, performance.now() - begin);
}
add({ name: "M6 slowest Gaussian value", ms: Number(slowest.toPrecision(3)) });
if (process.argv[2]) writeFileSync(process.argv[2], JSON.stringify(rows, null, 2));
