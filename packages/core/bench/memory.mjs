// Tensors and resident memory after 100 training steps, against what they were after 5, on every backend at hand.
import { init } from "@lab/core";
import { row } from "@lab/tooling/bench";
import * as tf from "@tensorflow/tfjs-core";
import { opsStep } from "./training-step.mjs";

const SETTLED = 5;
const STEPS = 100;
const BATCH = 16;

function measure() {
  globalThis.gc?.();
  return { tensors: tf.memory().numTensors, megabytes: process.memoryUsage().rss / 2 ** 20 };
}

async function neutral(backend) {
  await init({ backend });
  const step = opsStep(BATCH);
  for (let i = 0; i < SETTLED; i++) await step();
  const before = measure();
  for (let i = SETTLED; i < STEPS; i++) await step();
  const after = measure();
  const rest = { rivalName: `after ${SETTLED} steps`, bar: { of: "ratio", atMost: 1.02 } };
  return [
    row({
      name: `${backend}: tensors after ${STEPS} steps`,
      ours: [after.tensors],
      rival: [before.tensors],
      unit: "tensors",
      ...rest,
      bar: { of: "ratio", atMost: 1 },
    }),
    row({
      name: `${backend}: resident memory after ${STEPS} steps`,
      ours: [after.megabytes],
      rival: [before.megabytes],
      unit: "MB",
      ...rest,
    }),
  ];
}

export async function rows() {
  const [result, skipped] = [[], []];
  for (const backend of ["wasm", "tensorflow"]) {
    try {
      result.push(...(await neutral(backend)));
    } catch (error) {
      skipped.push({ name: backend, reason: error.message });
    }
  }
  return { rows: result, skipped };
}
