import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { Generator } from "../../src/random/index.js";
import { expectClose } from "../../src/testing/index.js";

interface Case {
  filter: [number, number];
  strides: [number, number];
  pad: "same" | "valid" | number;
  channels: number;
}

const cases: Case[] = [
  { filter: [2, 2], strides: [2, 2], pad: "valid", channels: 3 },
  { filter: [3, 3], strides: [1, 1], pad: "same", channels: 5 },
  { filter: [3, 3], strides: [2, 2], pad: "same", channels: 16 },
  { filter: [2, 3], strides: [2, 1], pad: "valid", channels: 4 },
  { filter: [3, 3], strides: [2, 2], pad: 1, channels: 2 },
];
const [BATCH, HEIGHT, WIDTH] = [2, 7, 6];

/** Visits every window: the index of its output, and those of the inputs that it covers, row by row. */
function windows(c: Case, out: number[], visit: (output: number, inputs: number[]) => void): void {
  const before = (axis: 0 | 1) => {
    const size = [HEIGHT, WIDTH][axis]!;
    if (typeof c.pad === "number") return c.pad;
    if (c.pad === "valid") return 0;
    return Math.floor(Math.max(0, (out[axis + 1]! - 1) * c.strides[axis] + c.filter[axis] - size) / 2);
  };
  const [top, left] = [before(0), before(1)];
  const [, rows, columns] = out as [number, number, number];
  for (let n = 0; n < BATCH; n++)
    for (let oy = 0; oy < rows; oy++)
      for (let ox = 0; ox < columns; ox++)
        for (let ch = 0; ch < c.channels; ch++) {
          const inputs: number[] = [];
          for (let ky = 0; ky < c.filter[0]; ky++)
            for (let kx = 0; kx < c.filter[1]; kx++) {
              const [y, x] = [oy * c.strides[0] + ky - top, ox * c.strides[1] + kx - left];
              if (y < 0 || y >= HEIGHT || x < 0 || x >= WIDTH) continue;
              inputs.push(((n * HEIGHT + y) * WIDTH + x) * c.channels + ch);
            }
          visit(((n * rows + oy) * columns + ox) * c.channels + ch, inputs);
        }
}

/** Images with many equal values, as they leave a ReLU. */
const images = (channels: number) =>
  tf.relu(tf.round(tf.mul(new Generator(4).normal([BATCH, HEIGHT, WIDTH, channels]), 2))) as tf.Tensor4D;

test.each(cases)("gradients of pooling $filter at $strides, padding $pad", async (c) => {
  const x = images(c.channels);
  const rounding = typeof c.pad === "number" ? "floor" : undefined;
  const kinds = {
    largest: (a: tf.Tensor4D) => tf.maxPool(a, c.filter, c.strides, c.pad, rounding),
    mean: (a: tf.Tensor4D) => tf.avgPool(a, c.filter, c.strides, c.pad, rounding),
  };
  const values = await x.data();
  const { shape } = kinds.largest(x);
  const dy = new Generator(5).normal(shape);
  const slopes = await dy.data();
  const expected = { largest: new Float64Array(x.size), mean: new Float64Array(x.size) };
  windows(c, shape, (output, inputs) => {
    const most = Math.max(...inputs.map((i) => values[i]!));
    expected.largest[inputs.find((i) => values[i] === most)!]! += slopes[output]!;
    for (const i of inputs) expected.mean[i]! += slopes[output]! / inputs.length;
  });
  for (const kind of ["largest", "mean"] as const) {
    const gradient = tf.grad((a) => tf.sum(tf.mul(kinds[kind](a as tf.Tensor4D), dy)))(x);
    await expectClose(gradient, tf.tensor(Float32Array.from(expected[kind]), x.shape), { absolute: 1e-5 });
  }
});

test("windows of one place take the places themselves", async () => {
  const x = tf.reshape(tf.range(0, 24), [1, 4, 3, 2]) as tf.Tensor4D;
  for (const pool of [tf.maxPool, tf.avgPool])
    expect(await pool(x, 1, 2, "valid").array()).toEqual([
      [
        [
          [0, 1],
          [4, 5],
        ],
        [
          [12, 13],
          [16, 17],
        ],
      ],
    ]);
});

test("a float one-hot tensor holds its own values", async () => {
  const indices = tf.tensor1d([2, -1, 0, 3], "int32");
  const hot = tf.oneHot(indices, 3, 2.5, 0.5, "float32");
  expect(hot.dtype).toBe("float32");
  expect(await hot.array()).toEqual([
    [0.5, 0.5, 2.5],
    [0.5, 0.5, 0.5],
    [2.5, 0.5, 0.5],
    [0.5, 0.5, 0.5],
  ]);
  expect(await tf.oneHot(tf.tensor1d([1], "int32"), 2).array()).toEqual([[0, 1]]);
});
