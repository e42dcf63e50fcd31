import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { type Dataset, datasetOf, glyphs } from "../../src/data/index.js";
import { ArgumentError } from "../../src/errors/index.js";
import { Generator } from "../../src/random/index.js";

async function all<T>(dataset: Dataset<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const element of dataset) out.push(element);
  return out;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
async function* stream(n: number) {
  for (const i of range(n)) yield i;
}
const streamOf = (n: number) => datasetOf({ [Symbol.asyncIterator]: () => stream(n) });

test("map, filter, take and batch do to an array and to a stream what they say", async () => {
  for (const source of [datasetOf(range(10)), streamOf(10)]) {
    expect(await all(source.map((x, i) => 10 * x + i))).toEqual(range(10).map((x) => 11 * x));
    expect(await all(source.filter((x) => x % 3 === 0))).toEqual([0, 3, 6, 9]);
    expect(await all(source.take(3))).toEqual([0, 1, 2]);
    expect(await all(source.take(0))).toEqual([]);
    expect(await all(source.batch(4))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(await all(source.batch(4, { dropLast: true }))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    expect(await all(source)).toEqual(range(10)); // a second pass
  }
});

test("length and get follow where they can be known", async () => {
  const source = datasetOf(range(10));
  expect(source.map((x) => x).length).toBe(10);
  expect(source.batch(4).length).toBe(3);
  expect(source.batch(4, { dropLast: true }).length).toBe(2);
  expect(source.take(20).length).toBe(10);
  expect(source.filter(() => true).length).toBeUndefined();
  expect(await source.map((x) => 2 * x).get?.(4)).toBe(8);
  expect(await source.batch(4).get?.(2)).toEqual([8, 9]);
  expect(source.shuffle(new Generator(1)).get).toBeUndefined();
  await expect(source.get?.(10)).rejects.toThrow(/index is 10/);
});

test("a shuffle is a permutation, differs from pass to pass, and is reproducible", async () => {
  const source = datasetOf(range(100)).shuffle(new Generator(1));
  const first = await all(source);
  const second = await all(source);
  const sorted = (values: number[]) => [...values].sort((a, b) => a - b);
  expect(sorted(first)).toEqual(range(100));
  expect(sorted(second)).toEqual(range(100));
  expect(second).not.toEqual(first);
  expect(await all(datasetOf(range(100)).shuffle(new Generator(1)))).toEqual(first);
  const batched = await all(
    datasetOf(range(100))
      .shuffle(new Generator(1))
      .map((x) => x)
      .batch(32),
  );
  expect(batched.flat()).toEqual(first);
  expect(await all(datasetOf(range(100)).shuffle(new Generator(1)).take(7))).toEqual(first.slice(0, 7));
});

test("a stream is mixed within a buffer and cannot be without one", async () => {
  const mixed = await all(streamOf(100).shuffle(new Generator(2), { buffer: 10 }));
  expect([...mixed].sort((a, b) => a - b)).toEqual(range(100));
  expect(mixed).not.toEqual(range(100));
  for (const [at, x] of mixed.entries()) expect(x).toBeLessThan(at + 10); // nothing comes before it was read
  expect(() => streamOf(3).shuffle(new Generator(1))).toThrow(ArgumentError);
});

test("batches of pictures are stacked, alike from the fast path and from single elements", async () => {
  const source = glyphs({ count: 5, seed: 1 });
  const fast = await all(source.batch(2));
  const slow = await all(source.map((element) => element).batch(2));
  expect(fast.map(({ x }) => x.shape)).toEqual([
    [2, 28, 28, 1],
    [2, 28, 28, 1],
    [1, 28, 28, 1],
  ]);
  for (const [i, batch] of fast.entries()) {
    expect(batch.label).toEqual(slow[i]!.label);
    expect(await batch.x.data()).toEqual(await slow[i]!.x.data());
  }
});

test("elements that are dropped, mapped or batched leave no tensors behind", async () => {
  const before = tf.memory().numTensors;
  const tensors = () => datasetOf(range(10)).map((i) => ({ x: tf.scalar(i), i }));
  const squares = tensors()
    .filter(({ i }) => i % 2 === 0)
    .map(({ x }) => tf.square(x))
    .batch(3);
  for await (const batch of squares) tf.dispose(batch);
  for await (const x of tensors()
    .map(({ x, i }) => ({ x, i }))
    .batch(4))
    tf.dispose(x as never);
  for await (const { x } of tensors().prefetch(4)) {
    x.dispose();
    break;
  }
  for await (const { x } of tensors()
    .filter(() => true)
    .shuffle(new Generator(1), { buffer: 3 })) {
    x.dispose();
    break;
  }
  for await (const batch of tensors()
    .filter(() => true)
    .batch(6)) {
    batch.x.dispose();
    break;
  }
  expect(tf.memory().numTensors).toBe(before);
});

test("an error in a step reaches the consumer and frees the element", async () => {
  const before = tf.memory().numTensors;
  const failing = datasetOf(range(4))
    .map(() => tf.scalar(1))
    .map((): number => {
      throw new RangeError("no");
    });
  await expect(all(failing.prefetch(2))).rejects.toThrow("no");
  expect(tf.memory().numTensors).toBe(before);
});

test("prefetch makes elements ahead, at most as many as asked for, in order", async () => {
  let made = 0;
  const source = datasetOf(range(20)).map(async (x) => {
    made++;
    return x;
  });
  const seen: number[] = [];
  for await (const x of source.prefetch(5)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    seen.push(x);
    expect(made - seen.length).toBeLessThanOrEqual(5);
    if (seen.length === 10) expect(made).toBeGreaterThan(12);
  }
  expect(seen).toEqual(range(20));
});
