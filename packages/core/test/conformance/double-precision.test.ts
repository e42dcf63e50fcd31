import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { type BackendName, init } from "../../src/index.js";
import { Generator } from "../../src/random/index.js";
import { cases, expectConformance } from "./cases.js";

const backends: BackendName[] = [
  "wasm",
  "cpu",
  ...(process.env.LAB_TENSORFLOW_DIR ? ["tensorflow" as const] : []),
];

describe.each(backends)("on %s, against double precision", (backend) => {
  test.each(Object.entries(cases))("%s has its value and gradients", async (name, each) => {
    await init({ backend });
    await expectConformance(name, each);
  });

  test("nothing is left behind", async () => {
    await init({ backend });
    const before = tf.memory().numTensors;
    for (const { shapes, compute } of Object.values(cases)) {
      const inputs = shapes.map((shape) => new Generator(1).normal(shape));
      tf.dispose(
        tf.grads((...given) => tf.sum((compute as (...x: tf.Tensor[]) => tf.Tensor)(...given)))(inputs),
      );
      tf.dispose(inputs);
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});
