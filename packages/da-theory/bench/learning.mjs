// A training step with the penalty, and the fit to infinitely many augmented samples.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init } from "@lab/core";
import { findData, glyphs, mnist } from "@lab/core/data";
import { mlp, parameters } from "@lab/core/nn";
import { adamw } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import {
  augmentationFactors,
  augmentationPenalty,
  linearRegressionUnderDA,
  translate,
  uniform,
} from "@lab/da-theory";
import { python, row, sample } from "@lab/tooling/bench";
import * as tf from "@tensorflow/tfjs-core";
import { answer, rivals } from "./answer.mjs";

export async function penalty() {
  await init({ backend: "wasm" });
  const rows = [];
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
  const plain = await sample(
    step(() => entropy(batch.mean)),
    15,
  );
  const ours = await sample(
    step(() =>
      tf.add(entropy(batch.mean), augmentationPenalty(network, batch, { loss: "crossEntropy", generator })),
    ),
    15,
  );
  rows.push(
    row({
      name: "training step with the penalty, one probe",
      unit: "ms",
      ours,
      rival: plain,
      rivalName: "plain step",
      bar: { of: "ratio", atMost: 4 },
    }),
  );
  tf.dispose([x, batch.mean, batch.factors]);
  return { rows };
}

export async function regression() {
  await init({ backend: "wasm" });
  const rows = [];
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
  const ours = await sample(async () => {
    if (fit) tf.dispose([fit.weights, fit.bias]);
    fit = await linearRegressionUnderDA(images, t, { targets });
  }, 3);
  rows.push(
    row({
      name: `closed-form fit, ${set.name} at 14×14, 10 000 images, ±1.5 px`,
      unit: "ms",
      ours,
      bar: { of: "ours", atMost: 20_000 },
    }),
  );
  const folder = mkdtempSync(join(tmpdir(), "da-theory-bench-"));
  writeFileSync(join(folder, "x.bin"), pooled);
  writeFileSync(join(folder, "y.bin"), Int32Array.from(labels));
  const rival = python(rivals, ["torch", join(folder, "x.bin"), join(folder, "y.bin"), count]);
  rmSync(folder, { recursive: true });
  if (!rival.missing) {
    // The sampled fit is no minimiser: its distance from the closed form, as a share.
    const w = await fit.weights.data();
    const norm = Math.hypot(...w);
    const away = Math.hypot(...rival.weights.map((value, i) => value - w[i])) / norm;
    rows.push(
      row({
        name: "the same against 64 sampled views",
        unit: "ms",
        ours,
        rival: rival.milliseconds,
        rivalName: "PyTorch, 64 views",
        bar: { of: "ratio", atMost: 1 },
        note: `its weights are ${(100 * away).toFixed(1)} % away`,
      }),
    );
  }
  return answer(rows, "PyTorch", rival);
}
