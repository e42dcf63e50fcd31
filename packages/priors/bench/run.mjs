// The prior of a ResNet-18 beside that network's own training step, on one backend; needs a build.
//   node bench/run.mjs [--json FILE]
// LAB_BACKEND names the backend (wasm by default); with LAB_PYTHON and the tensorflow backend PyTorch's distribution is
// the rival of the same run. LAB_BENCH_REPEATS sets the repeats.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { init } from "@lab/core";
import { parameters, resnet } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { GaussianPrior, SwagCollector } from "@lab/priors";
import * as tf from "@tensorflow/tfjs-core";

const { values: flags } = parseArgs({ options: { json: { type: "string" } } });
const repeats = Number(process.env.LAB_BENCH_REPEATS ?? 5);
const RANK = 20;
const { backend, version } = await init({ backend: process.env.LAB_BACKEND ?? "wasm" });

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const three = (value) => Number(value.toPrecision(3));
/** Half the distance of the quartiles over the median. */
function spreadOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  return (at(0.75) - at(0.25)) / 2 / median(values);
}

const rows = [];
function add({ name, ours, rival, rivalName, atMost }) {
  const ratios = ours.map((value, i) => value / rival[i]);
  const ratio = median(ratios);
  rows.push({
    name,
    ours: three(median(ours)),
    rival: three(median(rival)),
    rivalName,
    unit: "ms",
    ratio: three(ratio),
    spread: three(spreadOf(ratios)),
    bar: `ratio ≤ ${atMost}`,
    met: ratio <= atMost,
  });
}

/** Milliseconds of each function, in turns, after one round that does not count. */
async function inTurns(runs) {
  const times = runs.map(() => []);
  for (let round = 0; round <= repeats; round++) {
    for (const [i, run] of runs.entries()) {
      const start = performance.now();
      await run();
      if (round > 0) times[i].push(performance.now() - start);
    }
  }
  return times;
}

// Twenty deviations of all 11 million parameters and their temporaries exceed the 2 GiB of the wasm heap.
const width = backend === "wasm" ? 32 : 64;
const BATCH = backend === "wasm" ? 32 : 128;
const model = resnet({ depth: 18, classes: 10, stem: "cifar", width, generator: new Generator(1) });
const trainable = parameters(model);
const variables = [...trainable.values()];
const images = new Generator(2).normal([BATCH, 32, 32, 3]);
const labels = tf.oneHot(
  tf.tensor1d(
    Array.from({ length: BATCH }, (_, i) => i % 10),
    "int32",
  ),
  10,
);
const optimizer = tf.train.sgd(1e-3);
async function step() {
  const loss = optimizer.minimize(
    () => tf.losses.softmaxCrossEntropy(labels, model.apply(images, { training: true })),
    true,
    variables,
  );
  await loss.data();
  loss.dispose();
}

const size = variables.reduce((sum, { size: own }) => sum + own, 0);
const layout = { entries: [...trainable].map(([name, { shape }]) => ({ name, shape })) };
const drawn = new Generator(3);
const unscaled = GaussianPrior.from({
  mean: drawn.split("mean").normal([size], 0, 0.05),
  variance: tf.square(drawn.split("variance").normal([size], 0, 1e-2)),
  deviations: drawn.split("deviations").normal([RANK, size], 0, 1e-3),
  layout,
});
const prior = unscaled.scale(10, { floor: 1e-4 });
async function priorTerm() {
  const { value, grads } = tf.variableGrads(() => prior.logProb(trainable, { constants: false }), variables);
  await value.data();
  tf.dispose([value, grads]);
}

const collector = new SwagCollector(model, { rank: RANK, every: 1 });
async function collect() {
  collector.collect();
  // Read something back, so that the device has done it.
  await tf.tidy(() => tf.sum(variables[0])).data();
}

const [steps, terms, collections] = await inTurns([step, priorTerm, collect]);
const stepName = `training step of ResNet-18 (CIFAR stem, width ${width}, batch ${BATCH}) on ${backend}`;
add({
  name: `prior and gradient, P = ${size}, K = ${RANK}`,
  ours: terms,
  rival: steps,
  rivalName: stepName,
  atMost: 0.15,
});
add({ name: "collecting at every step", ours: collections, rival: steps, rivalName: stepName, atMost: 0.05 });

const before = tf.memory().numBytes;
const { peakBytes } = await tf.profile(async () => {
  await priorTerm();
  return [];
});
const beyond = (peakBytes - before) / 4 / size;
rows.push({
  name: "floats beyond the prior's own, per parameter",
  ours: three(beyond),
  unit: "floats",
  bar: "ours ≤ 2",
  met: beyond <= 2,
});

if (process.env.LAB_PYTHON) {
  const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, ...env } = process.env;
  const script = new URL("./torch_rival.py", import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(
    process.env.LAB_PYTHON,
    [script, String(size), String(RANK), String(repeats)],
    { encoding: "utf8", env },
  );
  if (status === 0) {
    const rival = JSON.parse(stdout.trim().split("\n").at(-1));
    add({
      name: "prior and gradient, beside PyTorch",
      ours: terms,
      rival,
      rivalName: "LowRankMultivariateNormal of PyTorch, log_prob and backward",
      atMost: 1.5,
    });
  } else console.log(`left out: PyTorch: ${stderr.trim().split("\n").at(-1)}`);
} else console.log("left out: PyTorch: LAB_PYTHON names no Python");

for (const row of rows)
  console.log(
    `${row.name}: ${row.ours} ${row.unit}${row.rival ? `, ${row.ratio} ± ${row.spread} of ${row.rival} (${row.rivalName})` : ""}; ${row.bar}: ${row.met ? "met" : "MISSED"}`,
  );
if (flags.json) {
  const own = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;
  const result = {
    package: "@lab/priors",
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    versions: { node: process.version, priors: own, [backend]: version, tfjs: tf.version_core },
    rows,
  };
  writeFileSync(flags.json, `${JSON.stringify(result, null, 1)}\n`);
}
