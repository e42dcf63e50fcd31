// The TensorFlow backend against PyTorch and numpy, alternating in one run.
import { init } from "@lab/core";
import { cholesky, eigh, svd } from "@lab/core/linalg";
import { python, row, sample } from "@lab/tooling/bench";
import * as tf from "@tensorflow/tfjs-core";
import { convolution, layersStep, opsStep, readOne } from "./training-step.mjs";

const ROUNDS = 3;
const REPEATS = 9;
const ORDER = 512;

/** Samples of one round on this backend. */
async function measureHere() {
  const times = {
    "step, layers": await sample(layersStep(), REPEATS, { warm: 3 }),
    "step, ops": await sample(opsStep(), REPEATS, { warm: 3 }),
  };
  for (const [batch, size, channels] of [
    [64, 32, 32],
    [64, 16, 64],
    [64, 8, 128],
  ]) {
    const shape = { batch, size, inChannels: channels, outChannels: channels };
    const samples = await convolution(shape, 2 * REPEATS + 1);
    const name = `convolution ${size}x${size}x${channels}`;
    times[`${name}, forward`] = samples.forward;
    times[`${name}, input gradient`] = samples.inputGradient;
    times[`${name}, filter gradient`] = samples.filterGradient;
  }
  const x = tf.randomNormal([ORDER, ORDER]);
  const a = tf.add(tf.div(tf.matMul(x, x, false, true), ORDER), tf.eye(ORDER));
  const read = (f) => async () => {
    await readOne(tf.tidy(f));
  };
  const factors = {
    cholesky: () => cholesky(a),
    eigh: () => eigh(a).vectors,
    svd: () => svd(x).u,
  };
  for (const [name, f] of Object.entries(factors)) times[name] = await sample(read(f), REPEATS, { warm: 3 });
  tf.dispose([x, a]);
  return times;
}

function barOf(name) {
  return { of: "ratio", atMost: name.startsWith("convolution") ? 1.3 : 1.5 };
}

export async function rows() {
  let device;
  try {
    device = await init({ backend: "tensorflow" });
  } catch (error) {
    return { rows: [], skipped: [{ name: "all", reason: error.message }] };
  }
  const [ours, rivals] = [{}, {}];
  const collect = (all, round) => {
    for (const [name, times] of Object.entries(round)) all[name] = [...(all[name] ?? []), ...times];
  };
  const threads = device.threads ?? 1;
  const env = { OPENBLAS_NUM_THREADS: `${threads}`, OMP_NUM_THREADS: `${threads}` };
  let missing;
  for (let round = 0; round < ROUNDS; round++) {
    if (!missing) {
      const rival = python(new URL("tensorflow-rivals.py", import.meta.url), [threads, REPEATS], env);
      missing = rival.missing;
      if (!missing) collect(rivals, rival);
    }
    collect(ours, await measureHere());
  }
  const result = Object.keys(ours).map((name) => {
    const rivalName = /^(step|convolution)/.test(name) ? "PyTorch eager" : "numpy";
    const rival = rivals[name.replace(/, (layers|ops)$/, "")];
    return row({ name, ours: ours[name], rival, rivalName, bar: barOf(name) });
  });
  return { rows: result, skipped: missing ? [{ name: "PyTorch and numpy", reason: missing }] : [] };
}
