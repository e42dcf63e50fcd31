// The TensorFlow backend against PyTorch and numpy, alternating in one run; JSON on the last line.
// LAB_TENSORFLOW_DIR names the project with the binding, LAB_PYTHON a Python with torch.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { init } from "@lab/core";
import { cholesky, eigh, svd } from "@lab/core/linalg";
import * as tf from "@tensorflow/tfjs-core";
import { convolution, layersStep, opsStep, readOne, time } from "./training-step.mjs";

const ROUNDS = 3;
const REPEATS = 9;
const ORDER = 512;

/** One round on this backend: names, and median and best milliseconds. */
async function measureHere() {
  const times = {
    "step, layers": await time(layersStep(), REPEATS),
    "step, ops": await time(opsStep(), REPEATS),
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
    times[`${name}, forward`] = forward;
    times[`${name}, input gradient`] = inputGradient;
    times[`${name}, filter gradient`] = filterGradient;
  }
  const x = tf.randomNormal([ORDER, ORDER]);
  const a = tf.add(tf.div(tf.matMul(x, x, false, true), ORDER), tf.eye(ORDER));
  const read = (f) => async () => {
    await readOne(tf.tidy(f));
  };
  times.cholesky = await time(
    read(() => cholesky(a)),
    REPEATS,
  );
  times.eigh = await time(
    read(() => eigh(a).vectors),
    REPEATS,
  );
  times.svd = await time(
    read(() => svd(x).u),
    REPEATS,
  );
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

// Other work on the machine only ever adds time: the best of all rounds compares the programs, the medians the day.
const best = (side, name) => Math.min(...rounds.map((round) => round[side][name].best));
const medians = (side, name) => rounds.map((round) => round[side][name].median);

const device = await init({ backend: "tensorflow" });
const rounds = [];
for (let round = 0; round < ROUNDS; round++) {
  rounds.push({ rival: measureRivals(device.threads ?? 1), here: await measureHere() });
}
const missing = rounds.find(({ rival }) => rival.error)?.rival.error;
if (missing) console.log(`no rivals: ${missing}; pip install torch`);
const rows = Object.keys(rounds[0].here).map((name) => {
  const milliseconds = best("here", name);
  if (missing) return { name, milliseconds };
  const rival = name.replace(/, (layers|ops)$/, "");
  const ratios = medians("here", name).map((value, round) => value / medians("rival", rival)[round]);
  return { name, milliseconds, ratio: milliseconds / best("rival", rival), ratiosOfMedians: ratios };
});
for (const { name, milliseconds, ratio, ratiosOfMedians } of rows) {
  const rest = ratio
    ? `${ratio.toFixed(2)}  medians ${ratiosOfMedians.map((r) => r.toFixed(2)).join(" ")}`
    : "";
  console.log(name.padEnd(40), milliseconds.toFixed(2).padStart(9), rest);
}
console.log(JSON.stringify({ bench: "tensorflow", device, rows }));
