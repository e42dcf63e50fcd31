// Moments: translations by Fourier transforms, factors of rotations, means, and the growth of their cost.
import { init } from "@lab/core";
import { Generator } from "@lab/core/random";
import { augmentedMean, augmentedMoments, rotate, translate, uniform } from "@lab/da-theory";
import { exponentOf, python, repeatsOr, row, sample } from "@lab/tooling/bench";
import * as tf from "@tensorflow/tfjs-core";
import { answer, rivals } from "./answer.mjs";

export async function translations() {
  await init({ backend: "wasm" });
  const rows = [];
  const side = 224;
  const values = Float32Array.from({ length: side * side * 3 }, (_, k) => Math.sin(0.37 * k + 1e-5 * k * k));
  const image = tf.tensor3d(values, [side, side, 3]);
  const t = translate({ x: uniform(-28, 28), y: uniform(-28, 28) });
  global.gc?.();
  const before = process.memoryUsage().rss;
  const whole = await sample(async () => {
    const m = await augmentedMoments(image, t);
    await m.covariance.trace();
    tf.dispose(await m.covariance.apply(image));
    m.dispose();
  });
  const extra = (process.memoryUsage().rss - before) / 2 ** 20;
  rows.push(
    row({
      name: "translation ±28 px of 224×224×3: μ, trΣ, one product",
      unit: "ms",
      ours: whole,
      bar: { of: "ours", atMost: 1000 },
    }),
  );
  rows.push(
    row({
      name: "memory beyond the start, six times that",
      unit: "MiB",
      ours: [extra],
      bar: { of: "ours", atMost: 120 },
    }),
  );
  const m = await augmentedMoments(image, t);
  const apply = await sample(async () => tf.dispose(await m.covariance.apply(image)), 9);
  m.dispose();
  const rival = python(rivals, ["numpy"]);
  rows.push(
    row({
      name: "one product with Σ, a channel",
      unit: "ms",
      ours: apply.map((time) => time / 3),
      rival: rival.milliseconds,
      rivalName: "NumPy FFT",
      bar: { of: "ratio", atMost: 8 },
    }),
  );
  return answer(rows, "NumPy", rival);
}

export async function factors() {
  await init({ backend: "wasm" });
  const rows = [];
  const [Q, k] = [256, 16];
  const image = new Generator(1).uniform([32, 32, 3]);
  const m = await augmentedMoments(image, rotate({ angle: uniform(-15, 15) }), { nodes: Q });
  const v = new Generator(2).normal([k, 32, 32, 3]);
  const ours = await sample(async () => {
    const product = await m.covariance.apply(v);
    await product.data();
    product.dispose();
  }, 15);
  // Two products of the same shapes.
  const [a, b, c] = [tf.randomNormal([k, 3072]), tf.randomNormal([3072, Q]), tf.randomNormal([Q, 3072])];
  const rival = await sample(async () => {
    const product = tf.tidy(() => tf.matMul(tf.matMul(a, b), c));
    await product.data();
    product.dispose();
  }, 15);
  rows.push(
    row({
      name: "product with a factor, Q 256, D 3072, 16 at once",
      unit: "ms",
      ours,
      rival,
      rivalName: "two tf.matMul",
      bar: { of: "ratio", atMost: 2 },
    }),
  );
  const eigen = await sample(async () => tf.dispose((await m.covariance.topEigenpairs(16)).images));
  rows.push(
    row({ name: "16 eigenpairs, Q 256, D 3072", unit: "ms", ours: eigen, bar: { of: "ours", atMost: 250 } }),
  );
  m.dispose();
  tf.dispose([image, v, a, b, c]);
  return { rows };
}

/** How moments of a rotation grow with the nodes Q and the values D: the slope of log time, which is 1 for a cost of Q·D. */
export async function growth() {
  await init({ backend: "wasm" });
  const rows = [];
  const sizes = [32, 64, 96].flatMap((side) => [64, 128, 256].map((nodes) => ({ side, nodes })));
  const best = sizes.map(() => Number.POSITIVE_INFINITY);
  for (let pass = 0; pass <= repeatsOr(5); pass++) {
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
  const work = sizes.map(({ side, nodes }) => side * side * 3 * nodes);
  const exponent = exponentOf(work, best);
  rows.push(
    row({
      name: "cost against Q·D: distance of the exponent from 1",
      unit: "",
      ours: [Math.abs(exponent - 1)],
      bar: { of: "ours", atMost: 0.15 },
      note: `exponent ${exponent.toFixed(3)}`,
    }),
  );
  return { rows };
}

export async function means() {
  await init({ backend: "wasm" });
  const rows = [];
  const images = new Generator(1).uniform([500, 32, 32, 3]);
  const t = rotate({ angle: uniform(-15, 15) });
  const perImage = (await sample(async () => tf.dispose(await augmentedMean(images, t, { nodes: 64 })))).map(
    (time) => time / 500,
  );
  images.dispose();
  rows.push(
    row({
      name: "mean image under rotation, 32×32×3, 64 nodes",
      unit: "ms",
      ours: perImage,
      bar: { of: "ours", atMost: 1 },
    }),
  );
  return { rows };
}
