// Inspecting a prior file of 100 MB.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init } from "@lab/core";
import { GaussianPrior, savePrior } from "@lab/priors";
import { row } from "@lab/tooling/bench";
import * as tf from "@tensorflow/tfjs-core";

/** Rows of the manifest's time and memory, taken in another process. */
export async function fileRows() {
  await init({ backend: "wasm" });
  const size = 1_200_000;
  const deviations = tf.zeros([20, size]);
  const prior = GaussianPrior.from({
    mean: new Float32Array(size),
    variance: new Float32Array(size),
    deviations,
  });
  deviations.dispose();
  const folder = mkdtempSync(join(tmpdir(), "lab-priors-"));
  const file = join(folder, "large.prior.safetensors");
  try {
    await savePrior(file, prior);
    prior.dispose();
    const script = new URL("inspect.mjs", import.meta.url).pathname;
    const { times, megabytes } = JSON.parse(
      execFileSync(process.execPath, [script, file], { encoding: "utf8" }),
    );
    const name = `inspecting a file of ${Math.round(statSync(file).size / 1e6)} MB`;
    return {
      rows: [
        row({ name, ours: times, unit: "ms", bar: { of: "ours", atMost: 50 } }),
        row({
          name: `${name}, memory`,
          ours: Math.max(0, megabytes),
          unit: "MB",
          bar: { of: "ours", atMost: 20 },
        }),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
