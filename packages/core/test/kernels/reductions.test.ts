import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { Generator } from "../../src/random/index.js";
import { expectClose } from "../../src/testing/index.js";

/** Sums over the leading axes in double precision. */
function columnSums(values: ArrayLike<number>, channels: number): Float64Array {
  const sums = new Float64Array(channels);
  for (let at = 0; at < values.length; at++) sums[at % channels]! += values[at]!;
  return sums;
}

test.each([
  [[5, 7], [0], [7]],
  [[3, 4, 5], [0, 1], [5]],
  [[3, 4, 5], [1, 0], [5]],
  [[3, 4, 5], [0], [4, 5]],
  [[3, 4, 5], [-3, -2], [5]],
  [[300, 2, 6], [0, 1], [6]],
  [[4, 3], [0], [3]],
] as [number[], number[], number[]][])(
  "sums of %j over axes %j are those in double precision",
  async (shape, axes, kept) => {
    const x = new Generator(1).normal(shape, 1);
    const channels = kept.reduce((product, size) => product * size, 1);
    const expected = columnSums(await x.data(), channels);
    const rows = x.size / channels;
    const [sum, mean] = [tf.sum(x, axes), tf.mean(x, axes, true)];
    expect(sum.shape).toEqual(kept);
    expect(mean.shape).toEqual([...axes.map(() => 1), ...kept]);
    await expectClose(sum, expected, { relative: 1e-6, absolute: 1e-4 });
    await expectClose(
      mean,
      expected.map((value) => value / rows),
      { relative: 1e-6, absolute: 1e-5 },
    );
  },
);

test("a long sum of equal values keeps its digits", async () => {
  // Added one by one in single precision the sum of 400000 tenths is off by 0.2 %.
  await expectClose(tf.sum(tf.fill([400_000, 8], 0.1), 0), Array(8).fill(400_000 * Math.fround(0.1)), {
    relative: 1e-6,
  });
});

test("an empty axis sums to zero and whole numbers stay whole", async () => {
  await expectClose(tf.sum(tf.zeros([0, 5]), 0), [0, 0, 0, 0, 0]);
  const whole = tf.sum(
    tf.tensor2d(
      [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
      [2, 4],
      "int32",
    ),
    0,
  );
  expect(whole.dtype).toBe("int32");
  expect([...(await whole.data())]).toEqual([6, 8, 10, 12]);
});

test("products of tall and of small matrices are those in double precision", async () => {
  const generator = new Generator(2);
  for (const [count, rows, columns] of [
    [1, 1, 1],
    [7, 30, 19],
    [700, 5, 9],
    [9000, 3, 17],
    [3, 40, 6],
  ] as [number, number, number][]) {
    const [a, b] = [generator.normal([count, rows]), generator.normal([count, columns])];
    const [x, y] = [await a.data(), await b.data()];
    const expected = new Float64Array(rows * columns);
    for (let i = 0; i < count; i++) {
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++)
          expected[r * columns + c]! += x[i * rows + r]! * y[i * columns + c]!;
      }
    }
    const close = { relative: 1e-4, absolute: 1e-6 * count + 1e-5 };
    await expectClose(tf.matMul(a, b, true), expected, close);
    await expectClose(tf.matMul(tf.transpose(a), b), expected, close);
  }
});

test("clones share the values and outlive the original", async () => {
  const original = tf.tensor1d([1, 2, 3]);
  const copy = tf.clone(original);
  const spare = tf.clone(copy);
  original.dispose();
  spare.dispose();
  expect([...(await copy.data())]).toEqual([1, 2, 3]);
});

test("sums, products and clones leave no memory behind", () => {
  const backend = tf.backend() as unknown as { numDataIds(): number };
  const x = tf.ones([6, 5]);
  const before = backend.numDataIds();
  tf.tidy(() => {
    tf.sum(x, 0);
    tf.mean(x, 0);
    tf.matMul(x, x, true);
    tf.clone(tf.clone(x));
  });
  expect(backend.numDataIds()).toBe(before);
});
