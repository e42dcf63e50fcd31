import { appendFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { init } from "../../src/index.js";
import { adamw } from "../../src/optim/index.js";
import { Generator } from "../../src/random/index.js";
import { fit } from "../../src/train/index.js";

// A small training run as a program: `node interrupted-run.mjs CHECKPOINT LOSSES`. One line a step goes to LOSSES.
const [checkpoint, losses] = process.argv.slice(2) as [string, string];
await init({ backend: "cpu" });
const generator = new Generator(5);
const hidden = tf.variable(new Generator(6).normal([4, 8], 0, 0.5));
const output = tf.variable(new Generator(7).normal([8, 1], 0, 0.5));
await fit({
  step: ({ x, y }: { x: tf.Tensor2D; y: tf.Tensor2D }) =>
    tf.mean(tf.square(tf.sub(tf.matMul(tf.tanh(tf.matMul(x, hidden)), output), y))),
  batches: () => {
    const x = generator.normal([16, 4]) as tf.Tensor2D;
    return { x, y: tf.tidy(() => tf.sum(tf.sin(x), 1, true)) as tf.Tensor2D };
  },
  steps: 300,
  every: 7,
  optimizer: adamw({ learningRate: 0.01 }),
  variables: new Map([
    ["hidden", hidden],
    ["output", output],
  ]),
  generators: { data: generator },
  checkpoint,
  on: async ({ type, step, scalars }) => {
    if (type === "step") appendFileSync(losses, `${step} ${scalars.loss}\n`);
    await new Promise((resolve) => setTimeout(resolve, 1)); // spreads the run over time, so that a kill can hit it
  },
});
