import type { Command } from "@lab/core/experiment";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { decoupledContrastive } from "../contrastive/index.js";

type Loss = (x: tf.Tensor2D) => tf.Scalar;

/** Similarity blocks, masks of 1e9, concatenation, log-sum-exp: the loss as it is usually ported. */
function textbook(first: tf.Tensor2D, second: tf.Tensor2D, temperature: number): tf.Scalar {
  return tf.tidy(() => {
    const unit = (x: tf.Tensor2D) => tf.div(x, tf.norm(x, 2, 1, true)) as tf.Tensor2D;
    const [a, b] = [unit(first), unit(second)];
    const scaled = (x: tf.Tensor2D, y: tf.Tensor2D) => tf.div(tf.matMul(x, y, false, true), temperature);
    const mask = tf.mul(tf.eye(a.shape[0]), 1e9);
    const negatives = (same: tf.Tensor, other: tf.Tensor) =>
      tf.logSumExp(tf.concat([tf.sub(same, mask), tf.sub(other, mask)], 1), 1);
    const positive = tf.div(tf.sum(tf.mul(a, b), 1), temperature);
    const one = tf.mean(tf.sub(negatives(scaled(a, a), scaled(a, b)), positive));
    const two = tf.mean(tf.sub(negatives(scaled(b, b), scaled(b, a)), positive));
    return tf.mul(tf.add(one, two), 0.5) as tf.Scalar;
  });
}

/** `lab ssl bench`: the loss against its textbook form, on this machine. */
export const benchCommand: Command = {
  path: ["ssl", "bench"],
  summary: "Time the decoupled loss with gradient against the textbook composition, alternating",
  options: {
    pairs: { type: "number", description: "Pairs of views", default: 256 },
    dim: { type: "number", description: "Columns", default: 128 },
    repeats: { type: "number", description: "Measurements of each", default: 7 },
  },
  async run({ options, init, print, json, signal }) {
    const { backend } = await init();
    const [pairs, dim, repeats] = [Number(options.pairs), Number(options.dim), Number(options.repeats)];
    const [a, b] = ["a", "b"].map((name) => new Generator(name).normal([pairs, dim]) as tf.Tensor2D) as [
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    const losses: Record<"lab" | "textbook", Loss> = {
      lab: (x) => decoupledContrastive(x, b) as tf.Scalar,
      textbook: (x) => textbook(x, b, 0.1),
    };
    const times = { lab: [] as number[], textbook: [] as number[] };
    try {
      for (let round = 0; round <= repeats; round++) {
        for (const name of ["lab", "textbook"] as const) {
          signal.throwIfAborted();
          const start = performance.now();
          const { value, grad } = tf.valueAndGrad((x) => losses[name](x as tf.Tensor2D))(a);
          await grad.data();
          if (round > 0) times[name].push(performance.now() - start);
          tf.dispose([value, grad]);
        }
      }
    } finally {
      tf.dispose([a, b]);
    }
    const median = (values: number[]) => values.sort((x, y) => x - y)[Math.floor(values.length / 2)]!;
    const [lab, rival] = [median(times.lab), median(times.textbook)];
    const result = { backend, pairs, dim, repeats, labMs: lab, textbookMs: rival, ratio: rival / lab };
    print(
      json
        ? JSON.stringify(result)
        : `${backend}, ${pairs} pairs of ${dim}: ${lab.toFixed(1)} ms, textbook ${rival.toFixed(1)} ms, ${result.ratio.toFixed(1)} times as fast`,
    );
    return 0;
  },
};
