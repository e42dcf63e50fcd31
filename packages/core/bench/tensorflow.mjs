// The TensorFlow backend against PyTorch and numpy, alternating in one run; JSON on the last line.
// LAB_TENSORFLOW_DIR names the project with the binding, LAB_PYTHON a Python with torch.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { init } from "@lab/core";
import { cholesky, eigh, svd } from "@lab/core/linalg";
import * as tf from "@tensorflow/tfjs-core";
import { convolution, layersStep, opsStep, time } from "./training-step.mjs";

const ROUNDS = 3;
const REPEATS = 9;
const ORDER = 512;

/** One round on this backend: names and median milliseconds. */
async function measureHere() {
  const times = {
    "step, layers": (await time(layersStep(), REPEATS)).median,
    "step, ops": (await time(opsStep(), REPEATS)).median,
  };
  for (const [batch, size, channels] of [
    [64, 32, 32],
    [64, 16, 64],
    [64, 8, 128],
  ]) {
    const { forward, inputGradient, filterGradient } = await convolution(
      batch,
      size,
      channels,
      2 * REPEATS + 1,
    );
    const name = `convolution ${size}x${size}x${channels}`;
    times[`${name}, forward`] = forward.median;
    times[`${name}, input gradient`] = inputGradient.median;
    times[`${name}, filter gradient`] = filterGradient.median;
  }
  const x = tf.randomNormal([ORDER, ORDER]);
  const a = tf.add(tf.div(tf.matMul(x, x, false, true), ORDER), tf.eye(ORDER));
  const read = (f) => async () => {
    const [first] = tf.tidy(() => [f()].flat());
    await first.data();
    first.dispose();
  };
  times.cholesky = (
    await time(
      read(() => cholesky(a)),
      REPEATS,
    )
  ).median;
  times.eigh = (
    await time(
      read(() => eigh(a).vectors),
      REPEATS,
    )
  ).median;
  times.svd = (
    await time(
      read(() => svd(x).u),
      REPEATS,
    )
  ).median;
  return times;
}

/** One round of the rivals in a Python process of its own. */
function measureRivals(threads) {
  const python = process.env.LAB_PYTHON ?? "python3";
  const script = join(import.meta.dirname, "tensorflow-rivals.py");
  const { status, stdout, stderr } = spawnSync(python, [script, String(threads), String(REPEATS)], {
    encoding: "utf8",
    env: { ...process.env, OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) },
  });
  return status === 0 ? JSON.parse(stdout) : { error: stderr.trim().split("\n").at(-1) };
}

const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const device = await init({ backend: "tensorflow" });
const rounds = [];
for (let round = 0; round < ROUNDS; round++) {
  rounds.push({ rival: measureRivals(device.threads ?? 1), here: await measureHere() });
}
const missing = rounds.find(({ rival }) => rival.error)?.rival.error;
if (missing) console.log(`no rivals: ${missing}; pip install torch`);
const rows = Object.keys(rounds[0].here).map((name) => {
  const here = middle(rounds.map((round) => round.here[name]));
  if (missing) return { name, milliseconds: here };
  const ratios = rounds.map((round) => round.here[name] / round.rival[name.replace(/, (layers|ops)$/, "")]);
  return {
    name,
    milliseconds: here,
    ratio: middle(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
  };
});
for (const { name, milliseconds, ratio, lowest, highest } of rows)
  console.log(
    name.padEnd(40),
    milliseconds.toFixed(2).padStart(9),
    ratio ? `${ratio.toFixed(2)} (${lowest.toFixed(2)}-${highest.toFixed(2)})` : "",
  );
console.log(JSON.stringify({ bench: "tensorflow", device, rows }));
