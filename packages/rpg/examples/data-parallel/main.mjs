// Data-parallel training: in each step every worker sends the gradient of its examples, and their mean moves the ring.
//   node examples/data-parallel/main.mjs [threads:2 | redis://127.0.0.1:6379] [steps]
// For a queue, start workers with: lab worker --queue redis://... --allow <address of worker.mjs>
import { init } from "@lab/core";
import { mapTasks } from "@lab/core/jobs";
import { applyGradient, gradientTraffic } from "@lab/rpg";
import * as tf from "@tensorflow/tfjs-core";
import { network } from "./problem.mjs";

const handler = new URL("./worker.mjs", import.meta.url).href;

/** Trains by `workers` equal parts of `batch` examples; answers the losses, the ring and the bytes of a step. */
export async function trainInParallel({ runner = "inline", steps = 5, workers = 2, batch = 80 } = {}) {
  const net = network();
  const optimizer = tf.train.adam(0.004);
  const part = batch / workers;
  const losses = [];
  for (let step = 0; step < steps; step++) {
    const ring = Array.from(await net.generator.ring.data());
    const first = (step * batch) % 320;
    const inputs = Array.from({ length: workers }, (_, w) => ({
      key: `${step} ${w}`,
      input: { ring, from: first + w * part, to: first + (w + 1) * part },
    }));
    const mean = new Float32Array(ring.length);
    let loss = 0;
    for await (const { output } of mapTasks({ name: "rpg-data-parallel", handler, inputs, runner })) {
      for (let j = 0; j < mean.length; j++) mean[j] += output.ring[j] / workers;
      loss += output.loss / workers;
    }
    applyGradient(net, { ring: mean, free: new Float32Array(0) }, optimizer);
    losses.push(loss);
  }
  const ring = Array.from(await net.generator.ring.data());
  const traffic = gradientTraffic(net);
  net.dispose();
  optimizer.dispose();
  return { losses, ring, traffic };
}

if (process.argv[1] === import.meta.filename) {
  await init({ backend: "wasm" });
  const [argument = "threads:2", steps = "5"] = process.argv.slice(2);
  const runner = argument.startsWith("redis") ? { redis: argument } : argument;
  const { losses, traffic } = await trainInParallel({ runner, steps: Number(steps) });
  console.log(`losses ${losses.map((value) => value.toFixed(3)).join(" ")}`);
  console.log(`${traffic.total} bytes a worker and step, against ${traffic.dense} without a ring`);
}
