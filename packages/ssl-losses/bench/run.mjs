// Losses with gradients on wasm against the textbook composition of stock operations, alternating in one process, and, where
// LAB_PYTHON names a Python with PyTorch, against PyTorch on two threads in the same run. Needs a build.
// node bench/run.mjs [--quick] [--json FILE]
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { init } from "@lab/core";
import { Generator } from "@lab/core/random";
import { codingRateReduction, decoupledContrastive } from "@lab/ssl-losses";
import * as tf from "@tensorflow/tfjs-core";
import { textbookDcl } from "./textbook.mjs";

const args = process.argv.slice(2);
const isQuick = args.includes("--quick");
const file = args.includes("--json") ? args[args.indexOf("--json") + 1] : undefined;
const repeats = Number(process.env.LAB_BENCH_REPEATS ?? (isQuick ? 3 : 7));
const sizes = isQuick ? [256, 1024] : [256, 1024, 2048, 4096];
const BARS = { 256: 10, 1024: 100, 2048: 400, 4096: 1600 };
/** The textbook form is not run on more pairs than these: it takes seconds. */
const MOST_TEXTBOOK = 1024;

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[Math.floor(values.length / 2)];

/** Milliseconds of each, alternating, after one round that does not count. */
async function paired(runs, count) {
  const times = Object.fromEntries(Object.keys(runs).map((name) => [name, []]));
  for (let round = 0; round <= count; round++) {
    for (const [name, run] of Object.entries(runs)) {
      const start = performance.now();
      await run();
      if (round > 0) times[name].push(performance.now() - start);
    }
  }
  return times;
}

/** Value and both gradients, read back. */
async function differentiate(loss, inputs) {
  const { value, grads } = tf.valueAndGrads(loss)(inputs);
  await Promise.all([value.data(), ...grads.map((grad) => grad.data())]);
  tf.dispose([value, grads]);
}

function torchTimes() {
  const python = process.env.LAB_PYTHON;
  if (!python) {
    console.log("LAB_PYTHON is not set: rows against PyTorch are left out");
    return undefined;
  }
  const script = new URL("./torch_rivals.py", import.meta.url).pathname;
  const answer = execFileSync(python, [script, String(repeats), ...sizes.map(String)], { encoding: "utf8" });
  return JSON.parse(answer);
}

const rows = [];
function add(name, times, bar, rivalName, rivalTimes) {
  const ours = median(times);
  const rival = rivalTimes ? median(rivalTimes) : undefined;
  rows.push({
    name,
    ours,
    rival: rival ?? null,
    rivalName: rivalName ?? null,
    unit: "ms",
    ratio: rival === undefined ? null : ours / rival,
    bar: `ours ≤ ${bar} ms, best of all`,
    met: sorted(times)[0] <= bar,
    spread: [sorted(times)[0], sorted(times).at(-1)],
  });
}

const { backend } = await init({ backend: process.env.LAB_BACKEND ?? "wasm" });
const torch = torchTimes();
for (const pairs of sizes) {
  const [a, b] = ["a", "b"].map((name) => new Generator(name).normal([pairs, 128]));
  const runs = { lab: () => differentiate((x, y) => decoupledContrastive(x, y), [a, b]) };
  if (pairs <= MOST_TEXTBOOK) runs.textbook = () => differentiate((x, y) => textbookDcl(x, y, 0.1), [a, b]);
  const times = await paired(runs, pairs > 2000 ? Math.min(3, repeats) : repeats);
  const name = `DCL and gradient, ${pairs} pairs of 128`;
  if (times.textbook) add(name, times.lab, BARS[pairs], "textbook composition, tfjs", times.textbook);
  for (const [kind, what] of [
    ["masked", "masked log-sum-exp, PyTorch"],
    ["fused", "closed form, PyTorch"],
  ]) {
    if (torch) add(name, times.lab, BARS[pairs], what, torch[kind][pairs]);
  }
  if (!times.textbook && !torch) add(name, times.lab, BARS[pairs]);
  tf.dispose([a, b]);
}
{
  const z = tf.tidy(() => {
    const x = new Generator("z").normal([1024, 128]);
    return tf.div(x, tf.norm(x, 2, 1, true));
  });
  const pi = tf.tidy(() => tf.softmax(new Generator("pi").normal([1024, 10])));
  const lab = () => differentiate((x, p) => tf.neg(codingRateReduction(x, p).reduction), [z, pi]);
  const times = await paired({ lab }, repeats);
  add(
    "rate reduction and gradient, 1024 rows of 128, 10 clusters",
    times.lab,
    60,
    torch ? "logdet and autodiff, PyTorch" : undefined,
    torch?.rate,
  );
  tf.dispose([z, pi]);
}

console.table(
  rows.map(({ name, ours, rivalName, rival, ratio, bar, met }) => ({
    name,
    ms: Number(ours.toFixed(1)),
    rival: rivalName,
    "rival ms": rival && Number(rival.toFixed(1)),
    "ours / rival": ratio && Number(ratio.toFixed(2)),
    bar,
    met,
  })),
);
if (file) {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url)));
  const versions = {
    "@lab/ssl-losses": version,
    tfjs: tf.version_core,
    node: process.version,
    torch: torch?.torch,
  };
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, backend };
  writeFileSync(
    file,
    `${JSON.stringify({ package: "@lab/ssl-losses", machine, versions, rows }, null, 1)}\n`,
  );
}
