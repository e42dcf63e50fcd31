import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { glyphs } from "../../src/data/index.js";
import { ArgumentError } from "../../src/errors/index.js";
import { Generator } from "../../src/random/index.js";

/** Share of fresh pictures that a linear softmax gets right after a short training. */
async function linearAccuracy(size: 28 | 8): Promise<number> {
  const train = glyphs({ count: 5000, seed: 1, size });
  const test = glyphs({ count: 1000, seed: 2, size }).arrays();
  const numPixels = size * size;
  const weights = tf.variable(tf.zeros([numPixels, 10]));
  const bias = tf.variable(tf.zeros([10]));
  const optimizer = tf.train.adam(0.003);
  const generator = new Generator(3);
  for (let epoch = 0; epoch < 15; epoch++) {
    for await (const { x, label } of train.shuffle(generator).batch(100)) {
      const oneHot = tf.oneHot(tf.tensor1d(label, "int32"), 10);
      optimizer.minimize(() => {
        const logits = tf.add(tf.matMul(tf.reshape(x, [-1, numPixels]), weights), bias);
        return tf.mean(tf.neg(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), -1))) as tf.Scalar;
      });
      tf.dispose([x, oneHot]);
    }
  }
  const guess = await tf
    .argMax(tf.add(tf.matMul(tf.tensor2d(test.x, [1000, numPixels]), weights), bias), 1)
    .data();
  return test.labels.filter((label, i) => label === guess[i]).length / 1000;
}

test.each([28, 8] as const)(
  "a linear classifier gets between 80 and 97 percent of pictures of %i pixels right",
  async (size) => {
    const accuracy = await linearAccuracy(size);
    expect(accuracy).toBeGreaterThan(0.8);
    expect(accuracy).toBeLessThan(0.97);
  },
);

test("a picture depends on the seed and its index alone", async () => {
  const few = glyphs({ count: 3, seed: 5 });
  const many = glyphs({ count: 50, seed: 5 });
  expect(many.arrays({ start: 0, end: 3 })).toEqual(few.arrays());
  expect(many.select([1]).arrays().x).toEqual(few.arrays({ start: 1, end: 2 }).x);
  const { x, label } = await few.get(2);
  expect(await x.data()).toEqual(few.arrays({ start: 2 }).x);
  expect(label).toBe(few.arrays().labels[2]);
  expect(glyphs({ count: 3, seed: 6 }).arrays().x).not.toEqual(few.arrays().x);
});

test("every ten pictures hold each class once, not always in the same order", () => {
  const { labels } = glyphs({ count: 200, seed: "x" }).arrays();
  const blocks = Array.from({ length: 20 }, (_, i) => [...labels.slice(10 * i, 10 * i + 10)]);
  for (const block of blocks) expect([...block].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(new Set(blocks.map(String)).size).toBeGreaterThan(15);
});

test("pictures are bright figures on black that never fill the frame", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const { x } = glyphs({ count: 10, seed }).arrays();
      for (let i = 0; i < 10; i++) {
        const picture = x.subarray(784 * i, 784 * (i + 1));
        const mean = picture.reduce((sum, value) => sum + value, 0) / 784;
        expect(Math.max(...picture)).toBeGreaterThan(0.6);
        expect(Math.max(...picture)).toBeLessThanOrEqual(1);
        expect(Math.min(...picture)).toBe(0);
        expect(mean).toBeGreaterThan(0.02);
        expect(mean).toBeLessThan(0.45);
      }
    }),
    { seed: 1, numRuns: 30 },
  );
});

test("wrong options are refused with the value", () => {
  expect(() => glyphs({ count: -1, seed: 1 })).toThrow(/count is -1/);
  expect(() => glyphs({ count: 1, seed: 1, size: 16 as never })).toThrow(ArgumentError);
  expect(() => glyphs({ count: 3, seed: 1 }).arrays({ end: 4 })).toThrow(/end is 4/);
  expect(() => glyphs({ count: 3, seed: 1 }).select([3])).toThrow(/indices\[0\] is 3/);
});
