// Bars of the package, each beside a rival in the same run. Needs a build. `--json FILE` writes the rows; rivals in Python run where
// LAB_PYTHON names an interpreter. Run: pnpm --filter @lab/da-theory build && npm run bench
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { init } from "@lab/core";
import { findData, glyphs, mnist } from "@lab/core/data";
import { mlp, parameters } from "@lab/core/nn";
import { adamw } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import {
  augmentationFactors,
  augmentationPenalty,
  augmentedMean,
  augmentedMoments,
  linearRegressionUnderDA,
  rotate,
  translate,
  uniform,
} from "@lab/da-theory";
import * as tf from "@tensorflow/tfjs-core";
import { audits } from "./audit.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const repeats = Number(process.env.LAB_BENCH_REPEATS ?? 5);
const jsonAt = process.argv.indexOf("--json");
const rows = [];
const versions = { node: process.version, tfjs: tf.version_core };
const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[Math.floor(values.length / 2)];

/** Milliseconds of each run after one to warm up. */
async function timesOf(work, count = repeats) {
  await work();
  const times = [];
  for (let r = 0; r < count; r++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times;
}

const show = (value) =>
  value === null ? "" : typeof value === "number" ? value.toPrecision(3) : String(value);

/** Prints a row as soon as it is there. */
function print(row) {
  process.stdout.write(
    `${row.name}: ${show(row.ours)} ${row.unit}` +
      (row.rivalName ? `, ${row.rivalName} ${show(row.rival)} ${row.unit}, ratio ${show(row.ratio)}` : "") +
      (row.bar === null ? "" : `, bar ${row.bar}: ${row.met ? "met" : "missed"}`) +
      ` (${row.spread.map(show).join("–")})${row.note ? `; ${row.note}` : ""}\n`,
  );
}

/** One row; `bar` is the largest ratio to the rival, or the largest value of ours. */
function add({ name, unit, ours, rival, rivalName, bar, note }) {
  const value = median(ours);
  const other = rival && median(rival);
  const ratio = other === undefined ? null : value / other;
  rows.push({
    name,
    ours: value,
    rival: other ?? null,
    rivalName: rivalName ?? null,
    unit,
    ratio,
    bar: bar ?? null,
    met: bar === undefined ? null : (ratio ?? value) <= bar,
    spread: [sorted(ours)[0], sorted(ours).at(-1)],
    ...(note && { note }),
  });
  print(rows.at(-1));
}

async function python(...args) {
  if (!process.env.LAB_PYTHON) return null;
  const { OPENBLAS_CORETYPE: _a, OPENBLAS_L2_SIZE: _b, ...env } = process.env;
  const found = await promisify(execFile)(process.env.LAB_PYTHON, [join(here, "rivals.py"), ...args], {
    env,
    maxBuffer: 2 ** 24,
  });
  return JSON.parse(found.stdout);
}

async function translations() {
  const side = 224;
  const values = Float32Array.from({ length: side * side * 3 }, (_, k) => Math.sin(0.37 * k + 1e-5 * k * k));
  const image = tf.tensor3d(values, [side, side, 3]);
  const t = translate({ x: uniform(-28, 28), y: uniform(-28, 28) });
  global.gc?.();
  const before = process.memoryUsage().rss;
  const whole = await timesOf(async () => {
    const m = await augmentedMoments(image, t);
    await m.covariance.trace();
    tf.dispose(await m.covariance.apply(image));
    m.dispose();
  });
  const extra = (process.memoryUsage().rss - before) / 2 ** 20;
  add({ name: "translation ±28 px of 224×224×3: μ, trΣ, one product", unit: "ms", ours: whole, bar: 1000 });
  add({ name: "memory beyond the start, six times that", unit: "MiB", ours: [extra], bar: 120 });
  const m = await augmentedMoments(image, t);
  const apply = await timesOf(async () => tf.dispose(await m.covariance.apply(image)), 9);
  m.dispose();
  const rival = await python("numpy");
  if (rival) versions.numpy = rival.version;
  add({
    name: "one product with Σ, a channel",
    unit: "ms",
    ours: apply.map((time) => time / 3),
    ...(rival && { rival: rival.milliseconds, rivalName: "NumPy FFT", bar: 8 }),
  });
}

async function factors() {
  const [Q, k] = [256, 16];
  const image = new Generator(1).uniform([32, 32, 3]);
  const m = await augmentedMoments(image, rotate({ angle: uniform(-15, 15) }), { nodes: Q });
  const v = new Generator(2).normal([k, 32, 32, 3]);
  const ours = await timesOf(async () => {
    const product = await m.covariance.apply(v);
    await product.data();
    product.dispose();
  }, 15);
  // Two products of the same shapes.
  const [a, b, c] = [tf.randomNormal([k, 3072]), tf.randomNormal([3072, Q]), tf.randomNormal([Q, 3072])];
  const rival = await timesOf(async () => {
    const product = tf.tidy(() => tf.matMul(tf.matMul(a, b), c));
    await product.data();
    product.dispose();
  }, 15);
  add({
    name: "product with a factor, Q 256, D 3072, 16 at once",
    unit: "ms",
    ours,
    rival,
    rivalName: "two tf.matMul",
    bar: 2,
  });
  const eigen = await timesOf(async () => tf.dispose((await m.covariance.topEigenpairs(16)).images));
  add({ name: "16 eigenpairs, Q 256, D 3072", unit: "ms", ours: eigen, bar: 250 });
  m.dispose();
  tf.dispose([image, v, a, b, c]);
}

/** How moments of a rotation grow with the nodes Q and the values D: the slope of log time, which is 1 for a cost of Q·D. */
async function growth() {
  const sizes = [32, 64, 96].flatMap((side) => [64, 128, 256].map((nodes) => ({ side, nodes })));
  const best = sizes.map(() => Number.POSITIVE_INFINITY);
  for (let pass = 0; pass <= repeats; pass++) {
    for (const [at, { side, nodes }] of sizes.entries()) {
      const image = new Generator(1).uniform([side, side, 3]);
      const start = performance.now();
      const m = await augmentedMoments(image, rotate({ angle: uniform(-15, 15) }), { nodes });
      await m.covariance.trace();
      if (pass > 0) best[at] = Math.min(best[at], performance.now() - start);
      m.dispose();
      image.dispose();
    }
  }
  const x = sizes.map(({ side, nodes }) => Math.log(side * side * 3 * nodes));
  const y = best.map(Math.log);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const slope = mean(x.map((v, i) => (v - mx) * (y[i] - my))) / mean(x.map((v) => (v - mx) ** 2));
  add({
    name: "cost against Q·D: distance of the exponent from 1",
    unit: "",
    ours: [Math.abs(slope - 1)],
    bar: 0.15,
    note: `exponent ${slope.toFixed(3)}`,
  });
}

async function means() {
  const images = new Generator(1).uniform([500, 32, 32, 3]);
  const t = rotate({ angle: uniform(-15, 15) });
  const perImage = (await timesOf(async () => tf.dispose(await augmentedMean(images, t, { nodes: 64 })))).map(
    (time) => time / 500,
  );
  images.dispose();
  add({ name: "mean image under rotation, 32×32×3, 64 nodes", unit: "ms", ours: perImage, bar: 1 });
}

async function penalty() {
  const model = mlp({ sizes: [784, 256, 10], generator: new Generator(1) });
  const x = new Generator(2).uniform([64, 28, 28, 1]);
  const batch = await augmentationFactors(x, translate({ x: uniform(-2, 2), y: uniform(-2, 2) }));
  const variables = [...parameters(model).values()];
  const optimizer = adamw({});
  const entropy = (rows) => {
    const z = model.apply(tf.reshape(rows, [64, 784]));
    return tf.mean(tf.sub(tf.logSumExp(z, 1), tf.reshape(tf.slice(z, [0, 0], [64, 1]), [64])));
  };
  const step = (loss) => async () => {
    const value = optimizer.minimize(loss, true, variables);
    await value.data();
    value.dispose();
  };
  const generator = new Generator(3);
  const network = (images) => model.apply(tf.reshape(images, [-1, 784]));
  const plain = await timesOf(
    step(() => entropy(batch.mean)),
    15,
  );
  const ours = await timesOf(
    step(() =>
      tf.add(entropy(batch.mean), augmentationPenalty(network, batch, { loss: "crossEntropy", generator })),
    ),
    15,
  );
  add({
    name: "training step with the penalty, one probe",
    unit: "ms",
    ours,
    rival: plain,
    rivalName: "plain step",
    bar: 4,
  });
  tf.dispose([x, batch.mean, batch.factors]);
}

async function regression() {
  const count = 10_000;
  const found = await findData("mnist");
  const set = found ? mnist({ dir: found.dir, split: "train" }).take(count) : glyphs({ count, seed: 1 });
  const { x, labels } = set.arrays();
  const pooled = new Float32Array(count * 196);
  for (let k = 0; k < x.length; k++) {
    const [n, i, j] = [Math.floor(k / 784), Math.floor((k % 784) / 28), k % 28];
    pooled[n * 196 + (i >> 1) * 14 + (j >> 1)] += x[k] / 4;
  }
  const images = tf.tensor4d(pooled, [count, 14, 14, 1]);
  const targets = tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), 10), "float32");
  const t = translate({ x: uniform(-1.5, 1.5), y: uniform(-1.5, 1.5) });
  let fit;
  const ours = await timesOf(async () => {
    if (fit) tf.dispose([fit.weights, fit.bias]);
    fit = await linearRegressionUnderDA(images, t, { targets });
  }, 3);
  add({
    name: `closed-form fit, ${set.name} at 14×14, 10 000 images, ±1.5 px`,
    unit: "ms",
    ours,
    bar: 20_000,
  });
  const folder = mkdtempSync(join(tmpdir(), "da-theory-bench-"));
  writeFileSync(join(folder, "x.bin"), pooled);
  writeFileSync(join(folder, "y.bin"), Int32Array.from(labels));
  const rival = await python("torch", join(folder, "x.bin"), join(folder, "y.bin"), String(count));
  rmSync(folder, { recursive: true });
  if (rival) {
    versions.torch = rival.version;
    // The sampled fit is no minimiser: its distance from the closed form, as a share.
    const w = await fit.weights.data();
    const norm = Math.hypot(...w);
    const away = Math.hypot(...rival.weights.map((value, i) => value - w[i])) / norm;
    add({
      name: "the same against 64 sampled views",
      unit: "ms",
      ours,
      rival: rival.milliseconds,
      rivalName: "PyTorch, 64 views",
      bar: 1,
      note: `its weights are ${(100 * away).toFixed(1)} % away`,
    });
  }
}

await init({ backend: process.env.LAB_BACKEND ?? "wasm" });
for (const part of [translations, factors, growth, means, penalty, regression]) await part();
await audits(add);
if (!process.env.LAB_PYTHON)
  process.stdout.write("LAB_PYTHON is not set: rows against NumPy and PyTorch are skipped\n");
if (jsonAt > 0) {
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, backend: tf.getBackend() };
  writeFileSync(
    process.argv[jsonAt + 1],
    JSON.stringify({ package: "@lab/da-theory", machine, versions, rows }, null, 2),
  );
}
