import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ArgumentError } from "../../src/errors/index.js";
import { Generator } from "../../src/random/index.js";

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;

test("seed 0 draws the known answer of counter 0 first", () => {
  expect(new Generator(0).words(4)[0]).toBe(0x6627e8d5);
});

test("the same seed gives the same numbers, another seed others", () => {
  expect(new Generator("a").words(8)).toEqual(new Generator("a").words(8));
  expect(new Generator("a").words(8)).not.toEqual(new Generator("b").words(8));
  expect(new Generator(3n).words(4)).toEqual(new Generator(3).words(4));
});

test("a split does not depend on what was drawn, nor advance its parent", () => {
  const parent = new Generator(1);
  const early = parent.split("x").words(4);
  const first = parent.words(4);
  expect(parent.split("x").words(4)).toEqual(early);
  expect(new Generator(1).words(4)).toEqual(first);
  expect(parent.split("y").words(4)).not.toEqual(early);
  expect(parent.split(1).words(4)).not.toEqual(parent.split("1").words(4));
});

test("a generator restored from its state goes on with the same numbers", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.integer({ min: 0, max: 50 }),
      (seed, drawn) => {
        const generator = new Generator(seed);
        generator.words(drawn);
        const restored = Generator.fromState(JSON.parse(JSON.stringify(generator.state())));
        expect(restored.words(5)).toEqual(generator.words(5));
      },
    ),
    { seed: 1, numRuns: 50 },
  );
  expect(JSON.stringify(new Generator(5).state()).length).toBeLessThanOrEqual(40);
});

test("a generator is put back in place", () => {
  const generator = new Generator(9);
  const state = generator.state();
  const first = generator.words(6);
  generator.restore(state);
  expect(generator.words(6)).toEqual(first);
});

test("uniform numbers fill their interval with the right mean and variance", async () => {
  const values = await new Generator(2).uniform([40_000], -1, 3).data();
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
  expect(Math.max(...values)).toBeLessThan(3);
  expect(Math.abs(mean(values) - 1)).toBeLessThan(4 * Math.sqrt(16 / 12 / 40_000)); // four standard errors
});

test("normal numbers have the right mean, variance and tails", async () => {
  const values = await new Generator(3).normal([200, 200], 5, 2).data();
  expect(Math.abs(mean(values) - 5)).toBeLessThan(4 * (2 / 200));
  const variance = mean(values.map((v) => (v - 5) ** 2));
  expect(Math.abs(variance / 4 - 1)).toBeLessThan(4 * Math.sqrt(2 / 40_000));
  const beyondTwo = values.filter((v) => Math.abs(v - 5) > 4).length / values.length;
  expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(4 * Math.sqrt(0.0455 / 40_000));
});

test("truncated normal numbers stay within two deviations and keep the truncated variance", async () => {
  const values = await new Generator(4).truncatedNormal([40_000]).data();
  expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(2);
  expect(Math.abs(mean(values.map((v) => v * v)) - 0.7737)).toBeLessThan(0.02);
});

test("gumbel numbers have Euler's constant as mean", async () => {
  expect(Math.abs(mean(await new Generator(5).gumbel([40_000]).data()) - 0.5772)).toBeLessThan(
    4 * (1.2825 / 200),
  );
});

test("bernoulli draws zeros and ones with the asked probability", async () => {
  const values = await new Generator(6).bernoulli([40_000], 0.3).data();
  expect(new Set(values)).toEqual(new Set([0, 1]));
  expect(Math.abs(mean(values) - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / 40_000));
});

test("randint is unbiased over a range that does not divide 2^32", async () => {
  const tensor = new Generator(7).randint([60_000], -3, 4);
  expect(tensor.dtype).toBe("int32");
  const counts = new Map<number, number>();
  for (const v of await tensor.data()) counts.set(v, (counts.get(v) ?? 0) + 1);
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
  for (const count of counts.values())
    expect(Math.abs(count - 60_000 / 7)).toBeLessThan(4 * Math.sqrt(60_000 / 7));
});

test("a permutation holds each index once and every position is equally likely", () => {
  const generator = new Generator(8);
  expect([...generator.permutation(100)].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, i) => i),
  );
  let first = 0;
  for (let i = 0; i < 4000; i++) if (generator.permutation(4)[0] === 2) first++;
  expect(Math.abs(first - 1000)).toBeLessThan(4 * Math.sqrt(750));
  expect(generator.permutation(0).length).toBe(0);
});

test("seeds, shapes and parameters out of range are refused with their value", () => {
  expect(() => new Generator(-1)).toThrow(
    "Generator: seed is -1; a text or an integer from 0 to 2^64 - 1 was expected",
  );
  expect(() => new Generator(0.5)).toThrow(ArgumentError);
  expect(() => new Generator(1).bernoulli([2], 1.5)).toThrow("p is 1.5");
  expect(() => new Generator(1).uniform([2, -1])).toThrow("shape[1] is -1");
  expect(() => new Generator(1).randint([2], 3, 3)).toThrow("high is 3");
  expect(() => Generator.fromState({ key: "xyz", at: 0 })).toThrow("made by state()");
});

test("drawing leaks no tensor", () => {
  const before = tf.memory().numTensors;
  new Generator(1).normal([3, 3]).dispose();
  expect(tf.memory().numTensors).toBe(before);
});
