// Sparse coding, inference and learning against scikit-learn and PyTorch (LAB_PYTHON) on the same data, paired in one run.
// Processor time, best of the rounds, one thread on both sides; objectives of both are in the table.
// Run: npm run bench [-- --json FILE], after a build. LAB_BENCH_ROUNDS sets the rounds.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { init } from "@lab/core";
import { Generator } from "@lab/core/random";
import {
  DictionaryLearner,
  infer,
  LISTA,
  linearDecoder,
  preset,
  SparseAutoencoder,
  strokes,
} from "@lab/sparse-coding";
import { sparseEncode } from "@lab/sparse-coding/lasso";
import * as tf from "@tensorflow/tfjs-core";
import { bundleSize } from "./bundle-size.mjs";
import { startRivals } from "./rivals.mjs";

const rounds = Number(process.env.LAB_BENCH_ROUNDS ?? 5);
const only = process.env.LAB_BENCH_ONLY;
const info = await init({ backend: "wasm" });
const rivals = await startRivals();
if (!rivals) console.log("LAB_PYTHON is not set: rows without a rival have no ratio");
const folder = mkdtempSync(join(tmpdir(), "lab-sparse-bench-"));
const rows = [];

/** Processor seconds of a body, all threads. */
async function timed(body) {
  const before = process.cpuUsage();
  const value = await body();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, value };
}

async function share(name, matrix) {
  const path = join(folder, `${name}.bin`);
  writeFileSync(path, await matrix.data());
  if (rivals) await rivals.ask({ kind: "load", files: { [name]: [path, ...matrix.shape] } });
}

/** Runs ours and the rival in turn and adds a row. */
async function compare({ name, unit, scale, bar, isBarRatio = false, ours, rival, rivalName, objective }) {
  if (only && !name.includes(only)) return;
  (await ours())?.dispose?.(); // compiled and cached
  const [mine, theirs] = [[], []];
  let [own, other] = [undefined, undefined];
  for (let round = 0; round < rounds; round++) {
    const { seconds, value } = await timed(ours);
    mine.push(seconds * scale);
    own?.dispose?.();
    own = value;
    if (rivals && rival) {
      const answer = await rivals.ask(rival);
      if (answer.missing) break;
      theirs.push(answer.seconds * scale);
      other = answer;
    }
  }
  const reached = objective ? await objective(own) : undefined;
  own?.dispose?.();
  const best = Math.min(...mine);
  const peer = theirs.length > 0 ? Math.min(...theirs) : null;
  const ratio = peer === null ? null : peer / best;
  const row = {
    name,
    ours: Number(best.toPrecision(4)),
    rival: peer === null ? null : Number(peer.toPrecision(4)),
    rivalName: peer === null ? null : rivalName,
    unit,
    ratio: ratio === null ? null : Number(ratio.toPrecision(3)),
    bar: isBarRatio ? `${bar} times the rival` : `${bar} ${unit}`,
    met: isBarRatio ? (ratio === null ? null : ratio >= bar) : best <= bar,
    spread: Number((Math.max(...mine) / best).toPrecision(3)),
    ...(objective ? { objective: reached, rivalObjective: other?.objective ?? null } : {}),
    ...(other?.iterations ? { iterations: own.iterations, rivalIterations: other.iterations } : {}),
  };
  rows.push(row);
  console.log(JSON.stringify(row));
}

/** Unit atoms and noisy combinations of a few of them. */
function planted(count, dim, atoms, used, seed) {
  const generator = new Generator(seed);
  return tf.tidy(() => {
    const raw = generator.normal([dim, atoms]);
    const dictionary = tf.div(raw, tf.norm(raw, "euclidean", 0, true));
    const codes = new Float32Array(count * atoms);
    const sizes = generator.normal64(count * used);
    for (let n = 0; n < count; n++) {
      const chosen = generator.split(n).permutation(atoms).subarray(0, used);
      for (let k = 0; k < used; k++) codes[n * atoms + chosen[k]] = sizes[n * used + k];
    }
    const y = tf.matMul(tf.tensor2d(codes, [count, atoms]), dictionary, false, true);
    return [
      tf.add(y, generator.normal([count, dim], 0, (0.1 / Math.sqrt(dim)) * Math.sqrt(used))),
      dictionary,
    ];
  });
}

/** The lasso's objective in double precision. */
async function objectiveOf(y, dictionary, codes, alpha) {
  const [data, atoms, values] = await Promise.all([y, dictionary, codes].map((t) => t.data()));
  const [rowCount, l] = codes.shape;
  const d = y.shape[1];
  let sum = 0;
  for (let n = 0; n < rowCount; n++) {
    const rest = Float64Array.from(data.subarray(n * d, (n + 1) * d));
    for (let j = 0; j < l; j++) {
      const z = values[n * l + j];
      if (z === 0) continue;
      sum += alpha * Math.abs(z);
      for (let k = 0; k < d; k++) rest[k] -= z * atoms[k * l + j];
    }
    for (let k = 0; k < d; k++) sum += 0.5 * rest[k] * rest[k];
  }
  return sum;
}

for (const { dim, atoms, bar, alpha } of [
  { dim: 784, atoms: 128, bar: 15, alpha: 0.25 },
  { dim: 256, atoms: 512, bar: 170, alpha: 0.3 },
]) {
  const [y, dictionary] = planted(1000, dim, atoms, Math.round(0.045 * atoms), 1);
  await share("y", y);
  await share("dictionary", dictionary);
  // What is asked of the codes is asked outside of the time.
  const coding = (options) => () => sparseEncode(y, dictionary, options);
  const lasso = coding({ alpha, algorithm: "cd", tolerance: 1e-4 });
  const first = await lasso();
  const nonzero = (100 * first.toCSR().data.length) / first.codes.size;
  first.dispose();
  console.log(`${dim} by ${atoms}: ${nonzero.toFixed(1)} % of the codes are not zero`);
  const objective = ({ codes }) => objectiveOf(y, dictionary, codes, alpha);
  const common = { unit: "µs a row", scale: 1e3, objective };
  const task = { y: "y", dictionary: "dictionary", alpha };
  await compare({
    ...common,
    name: `lasso, 1000 x ${dim}, ${atoms} atoms, gap 1e-4`,
    bar,
    ours: lasso,
    rival: { ...task, kind: "coding", method: "lasso_cd", tol: 1e-4 },
    rivalName: "scikit-learn Lasso(precompute, tol=1e-4)",
  });
  await compare({
    ...common,
    name: `lasso against the default, ${atoms} atoms`,
    bar: 10,
    isBarRatio: true,
    ours: lasso,
    rival: { ...task, kind: "coding", method: "lasso_lars" },
    rivalName: "scikit-learn sparse_encode (lasso_lars)",
  });
  if (atoms === 128) {
    await compare({
      ...common,
      name: "matching pursuit, 10 of 128 atoms",
      bar: 60,
      ours: coding({ algorithm: "omp", nonzero: 10 }),
      rival: { ...task, kind: "coding", method: "omp", nonzero: 10, alpha: 0 },
      rivalName: "scikit-learn sparse_encode (omp)",
      objective: undefined,
    });
  }
  tf.dispose([y, dictionary]);
}

// Inference with the variance term at MNIST's sizes, after some training so that codes are not those of a random start.
const large = tf.tidy(() => {
  const drawn = tf.tensor2d(strokes({ count: 500, seed: 2, size: 28 }), [500, 784]);
  return tf.div(tf.sub(drawn, 0.1), 0.25);
});
const official = preset("VDL", "mnist");
const model = new SparseAutoencoder({
  ...official,
  decoder: linearDecoder({ codeDim: 128, dataDim: 784, seed: 1 }),
  encoder: new LISTA({ dataDim: 784, codeDim: 128, seed: 1 }),
  decoderRate: 3e-3,
  encoderRate: 1e-3,
});
await model.fit(large, { epochs: 30 });
const batch = tf.slice(large, [0, 0], [250, 784]);
const predicted = model.encode(batch);
await share("batch", batch);
await share("predicted", predicted);
await share("learned", model.decoder.dictionary);
const weights = { sparsity: 0.02, variance: 10, varianceThreshold: 0.5, prediction: 5 };
await compare({
  name: "inference with the variance term, 250 x 784, 128 components",
  unit: "ms a batch",
  scale: 1e3,
  bar: 10,
  isBarRatio: true,
  ours: async () => {
    const found = await infer(model.decoder, batch, {
      ...weights,
      predicted,
      tolerance: 1e-3,
      stop: "change",
      validate: false,
    });
    found.dispose();
    return found;
  },
  rival: {
    ...{ kind: "inference", y: "batch", dictionary: "learned", predicted: "predicted" },
    ...{ lambda: 0.02, beta: 10, gamma: 5, threshold: 0.5, eta: 0.5 },
  },
  rivalName: "PyTorch, the authors' loop (K = 200, 1e-3)",
  objective: (found) => found.energy.total,
});
await compare({
  name: "MNIST, VDL, 44 000 updates (from 20 of them)",
  unit: "minutes",
  scale: 44_000 / 20 / 60,
  bar: 60,
  ours: async () => {
    for (let i = 0; i < 20; i++) await model.step(batch);
  },
});
model.dispose();

const small = tf.tidy(() =>
  tf.div(tf.sub(tf.tensor2d(strokes({ count: 250, seed: 1 }), [250, 256]), 0.132629), 0.271746),
);
const learner = new SparseAutoencoder({
  ...preset("VDL", "strokes"),
  decoder: linearDecoder({ codeDim: 64, dataDim: 256, seed: 1 }),
});
await compare({
  name: "strokes, VDL, 1500 updates (from 50 of them)",
  unit: "s",
  scale: 1500 / 50,
  bar: 30,
  ours: async () => {
    for (let i = 0; i < 50; i++) await learner.step(small);
  },
});
learner.dispose();

// Online learning from patches of drawn pictures, 12 by 12.
const patches = tf.tidy(() => {
  const drawn = tf.tensor2d(strokes({ count: 2560, seed: 4, size: 12 }), [2560, 144]);
  return tf.mul(tf.sub(drawn, tf.mean(drawn, 1, true)), 4);
});
// About one code in twenty is not zero.
const PATCH_ALPHA = 2;
await share("patches", patches);
await compare({
  name: "online dictionary learning, 10 batches of 256 x 144, 256 atoms",
  unit: "s",
  scale: 1,
  bar: 2,
  isBarRatio: true,
  ours: async () => {
    const online = new DictionaryLearner({ atoms: 256, alpha: PATCH_ALPHA, batchSize: 256, seed: 0 });
    for (let i = 0; i < 2560; i += 256) {
      const part = tf.slice(patches, [i, 0], [256, 144]);
      await online.partialFit(part);
      part.dispose();
    }
    return online;
  },
  objective: async (online) => {
    const part = tf.slice(patches, [0, 0], [256, 144]);
    const coded = await sparseEncode(part, online.dictionary, { alpha: PATCH_ALPHA, algorithm: "cd" });
    return objectiveOf(part, online.dictionary, coded.codes, PATCH_ALPHA);
  },
  rival: { kind: "online", y: "patches", atoms: 256, alpha: PATCH_ALPHA },
  rivalName: "scikit-learn MiniBatchDictionaryLearning(fit_algorithm='cd')",
});

const size = await bundleSize();
rows.push({
  ...{
    name: "bundle of /lasso beyond tfjs-core, minified",
    ours: size,
    rival: null,
    rivalName: null,
    unit: "kB gzip",
  },
  ...{ ratio: null, bar: "8 kB gzip", met: size <= 8, spread: 1 },
});
console.log(JSON.stringify(rows.at(-1)));
rivals?.stop();
rmSync(folder, { recursive: true, force: true });
console.table(
  rows.map(({ name, ours, rival, unit, ratio, bar, met }) => ({ name, ours, rival, unit, ratio, bar, met })),
);
const at = process.argv.indexOf("--json");
if (at > 0) {
  const machine = { processor: cpus()[0]?.model ?? "unknown", cores: cpus().length, backend: info.backend };
  const versions = { node: process.versions.node, tfjs: tf.version_core, ...rivals?.versions };
  writeFileSync(
    process.argv[at + 1],
    JSON.stringify({ package: "@lab/sparse-coding", machine, versions, rows }, null, 2),
  );
}
