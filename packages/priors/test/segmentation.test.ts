import { parameters, unet } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { batchOfShapes, drawShapes } from "../src/experiments/shapes.js";
import { SwagCollector, withPrior } from "../src/index.js";

test("a prior of some layers of a U-Net pulls those and leaves the others alone", async () => {
  const model = unet({ channels: 1, width: 2, depth: 1 });
  const select = (name: string) => name.startsWith("down1.");
  const collector = new SwagCollector(model, { rank: 2, every: 1, select });
  const encoder = new Map([...parameters(model)].filter(([name]) => select(name)));
  for (let step = 0; step < 3; step++) {
    for (const variable of encoder.values())
      (variable as tf.Variable).assign(tf.tidy(() => tf.add(variable, 0.1)));
    collector.collect();
  }
  const prior = collector.prior().scale(10, { floor: 1e-3 });
  const step = withPrior(() => tf.scalar(0), prior, { dataSize: 4, parameters: encoder });
  const trainable = [...parameters(model)];
  const { grads } = tf.variableGrads(
    () => step(undefined).loss,
    trainable.map(([, variable]) => variable as tf.Variable),
  );
  const pulled = await Promise.all(
    trainable.map(async ([name, variable]) => {
      const gradient = grads[(variable as tf.Variable).name];
      const norm = gradient ? (await tf.norm(gradient).data())[0]! : 0;
      return [name, norm > 0] as const;
    }),
  );
  for (const [name, isPulled] of pulled) expect([name, isPulled]).toEqual([name, select(name)]);
});

test("drawn shapes differ in brightness from the ground by the contrast, inside the mask only", () => {
  const style = { noise: 0, contrast: 0.3 };
  const drawn = drawShapes(8, 24, style, new Generator(5));
  const share = drawn.masks.reduce((sum, value) => sum + value, 0) / drawn.masks.length;
  expect(share).toBeGreaterThan(0.03);
  expect(share).toBeLessThan(0.5);
  // The ground stays within 0.2 of the middle, so that a shape is at least 0.1 from it.
  for (const [i, value] of drawn.pictures.entries()) {
    if (drawn.masks[i] === 0) expect(Math.abs(value - 0.5)).toBeLessThanOrEqual(0.2);
    else expect(Math.abs(value - 0.5)).toBeGreaterThan(0.09);
  }
  expect(drawShapes(8, 24, style, new Generator(5))).toEqual(drawn);
  const { x, y } = batchOfShapes(drawn, [3, 1]);
  expect([x.shape, y.shape]).toEqual([
    [2, 24, 24, 1],
    [2, 24, 24, 1],
  ]);
});
