// Forward and backward of DCL against the textbook composition of stock operations, alternating in one process.
// Needs a build: pnpm --filter @lab/ssl-losses build; then node bench/contrastive.mjs [pairs] [repeats]
import { init } from "@lab/core";
import { decoupledContrastive } from "@lab/ssl-losses";
import * as tf from "@tensorflow/tfjs-core";

/** Similarity blocks, masks of 1e9, concatenation, log-sum-exp: DCL as it is usually ported. */
export function textbook(first, second, temperature) {
  return tf.tidy(() => {
    const unit = (x) => tf.div(x, tf.norm(x, 2, 1, true));
    const [a, b] = [unit(first), unit(second)];
    const scaled = (x, y) => tf.div(tf.matMul(x, y, false, true), temperature);
    const mask = tf.mul(tf.eye(a.shape[0]), 1e9);
    const [aa, bb, ab, ba] = [scaled(a, a), scaled(b, b), scaled(a, b), scaled(b, a)];
    const negatives = (same, other) =>
      tf.logSumExp(tf.concat([tf.sub(same, mask), tf.sub(other, mask)], 1), 1);
    const positive = tf.div(tf.sum(tf.mul(a, b), 1), temperature);
    const one = tf.mean(tf.sub(negatives(aa, ab), positive));
    const two = tf.mean(tf.sub(negatives(bb, ba), positive));
    return tf.mul(tf.add(one, two), 0.5);
  });
}

/** Milliseconds of each repeat by name, alternating. */
export async function paired(pairs, dim, repeats) {
  const [a, b] = [
    tf.randomNormal([pairs, dim], 0, 1, "float32", 1),
    tf.randomNormal([pairs, dim], 0, 1, "float32", 2),
  ];
  const losses = {
    lab: (x) => decoupledContrastive(x, b, { temperature: 0.1 }),
    textbook: (x) => textbook(x, b, 0.1),
  };
  const times = { lab: [], textbook: [] };
  const values = {};
  for (let i = 0; i <= repeats; i++) {
    for (const [name, loss] of Object.entries(losses)) {
      const start = performance.now();
      const { value, grad } = tf.valueAndGrad(loss)(a);
      await grad.data();
      if (i > 0) times[name].push(performance.now() - start);
      values[name] = (await value.data())[0];
      tf.dispose([value, grad]);
    }
  }
  tf.dispose([a, b]);
  return { times, values };
}

const median = (values) => [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)];

const { backend } = await init({ backend: process.env.LAB_BACKEND ?? "wasm" });
const [pairs, repeats] = [Number(process.argv[2] ?? 256), Number(process.argv[3] ?? 7)];
const { times, values } = await paired(pairs, 128, repeats);
const [lab, rival] = [median(times.lab), median(times.textbook)];
console.log(
  JSON.stringify({ backend, pairs, dim: 128, labMs: lab, textbookMs: rival, ratio: rival / lab, values }),
);
