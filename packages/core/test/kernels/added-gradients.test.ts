import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { Generator } from "../../src/random/index.js";
import { expectClose } from "../../src/testing/index.js";

type Convolution = (x: tf.Tensor4D, filter: tf.Tensor4D, dilations: [number, number]) => tf.Tensor;

/** The filter with zeros between its taps: a dilated convolution is the dense one by that. */
function stuffed(filter: tf.Tensor4D, [dy, dx]: [number, number]): tf.Tensor4D {
  const [height, width] = filter.shape;
  const taps: tf.Tensor[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      taps.push(
        tf.pad(tf.slice(filter, [y, x, 0, 0], [1, 1, -1, -1]), [
          [y * dy, (height - 1 - y) * dy],
          [x * dx, (width - 1 - x) * dx],
          [0, 0],
          [0, 0],
        ]),
      );
  return tf.addN(taps) as tf.Tensor4D;
}

const cases: [string, "same" | "valid" | number, [number, number]][] = [
  ["same", "same", [2, 2]],
  ["valid", "valid", [2, 3]],
  ["a number", 2, [3, 1]],
];

test.each(cases)("gradients of dilated convolutions, padding %s", async (_, pad, dilations) => {
  const rounding = typeof pad === "number" ? "floor" : undefined;
  const kinds: Record<string, [Convolution, number]> = {
    conv2d: [(x, k, d) => tf.conv2d(x, k, 1, pad, "NHWC", d, rounding), 4],
    depthwise: [(x, k, d) => tf.depthwiseConv2d(x, k, 1, pad, "NHWC", d, rounding), 2],
  };
  for (const [convolution, last] of Object.values(kinds)) {
    const x = new Generator(1).normal([2, 9, 8, 3]);
    const filter = new Generator(2).normal([3, 3, 3, last]);
    const gradients = (f: (x: tf.Tensor4D, k: tf.Tensor4D) => tf.Tensor) =>
      tf.grads((a, k) => tf.sum(tf.square(f(a as tf.Tensor4D, k as tf.Tensor4D))))([x, filter]);
    const ours = gradients((a, k) => convolution(a, k, dilations));
    const dense = gradients((a, k) => convolution(a, stuffed(k, dilations), [1, 1]));
    for (const [i, gradient] of ours.entries())
      await expectClose(gradient, dense[i]!, { relative: 1e-4, absolute: 1e-3 });
  }
});

// With a linear activation the layer takes the engine's fused op, whose gradient cannot be reached from outside.
test("a dilated layer with an activation trains, also when the layers are imported late", async () => {
  const tfl = await import("@tensorflow/tfjs-layers");
  const model = tfl.sequential();
  model.add(
    tfl.layers.conv2d({
      filters: 2,
      kernelSize: 3,
      dilationRate: 2,
      inputShape: [8, 8, 1],
      activation: "relu",
    }),
  );
  const x = new Generator(3).normal([2, 8, 8, 1]);
  const { grads } = tf.variableGrads(() => tf.mean(tf.square(model.apply(x) as tf.Tensor)));
  expect(Object.keys(grads)).toHaveLength(2);
  model.dispose();
});

test("batch normalisation without scale or offset has the gradients of ones and zeros", async () => {
  const x = new Generator(1).normal([3, 2, 2, 4]) as tf.Tensor4D;
  const [mean, variance] = [tf.tensor1d([0.5, -1, 0, 2]), tf.tensor1d([1, 2, 0.5, 3])];
  const [one, zero] = [tf.ones([4]) as tf.Tensor1D, tf.zeros([4]) as tf.Tensor1D];
  const gradients = (offset?: tf.Tensor1D, scale?: tf.Tensor1D) =>
    tf.grads((a, m, v) =>
      tf.sum(tf.square(tf.batchNorm(a as tf.Tensor4D, m as tf.Tensor1D, v as tf.Tensor1D, offset, scale))),
    )([x, mean, variance]);
  const expected = gradients(zero, one);
  for (const ours of [gradients(), gradients(zero), gradients(undefined, one)])
    for (const [i, gradient] of ours.entries())
      await expectClose(gradient, expected[i]!, { relative: 1e-5, absolute: 1e-5 });
});

test("batch normalisation without scale leaves no tensors behind, with and without its gradient", () => {
  const x = new Generator(1).normal([3, 2, 2, 4]) as tf.Tensor4D;
  const [mean, variance] = [tf.tensor1d([0.5, -1, 0, 2]), tf.tensor1d([1, 2, 0.5, 3])];
  const before = tf.memory().numTensors;
  tf.batchNorm(x, mean, variance).dispose();
  tf.grad((a) => tf.sum(tf.batchNorm(a as tf.Tensor4D, mean, variance)))(x).dispose();
  expect(tf.memory().numTensors).toBe(before);
});

const sums: [
  equation: string,
  first: number[],
  second: number[] | undefined,
  plain: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
][] = [
  ["ij,jk->ki", [3, 4], [4, 2], (a, b) => tf.transpose(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D))],
  ["bij,bjk->bik", [2, 3, 4], [2, 4, 2], (a, b) => tf.matMul(a, b)],
  ["ij, ij -> ", [3, 4], [3, 4], (a, b) => tf.sum(tf.mul(a, b))],
  ["ij,k->ik", [3, 4], [2], (a, b) => tf.mul(tf.sum(a, 1, true), b)],
  ["i,j->ij", [3], [2], (a, b) => tf.mul(tf.reshape(a, [3, 1]), b)],
  ["ijk->ki", [2, 3, 4], undefined, (a) => tf.transpose(tf.sum(a, 1))],
  ["ij->", [2, 3], undefined, (a) => tf.sum(a)],
];

test.each(sums)(
  "einsum %s has the gradients of what it stands for",
  async (equation, first, second, plain) => {
    const inputs = [first, ...(second ? [second] : [])].map((shape, i) => new Generator(i + 1).normal(shape));
    const gradients = (f: (...x: tf.Tensor[]) => tf.Tensor) =>
      tf.grads((...x) => tf.sum(tf.square(f(...x))))(inputs);
    const ours = gradients((...x) => tf.einsum(equation, ...x));
    const expected = gradients((...x) => plain(x[0]!, x[1]!));
    for (const [i, gradient] of ours.entries()) {
      expect(gradient.shape).toEqual(inputs[i]!.shape);
      await expectClose(gradient, expected[i]!, { relative: 1e-5, absolute: 1e-5 });
    }
  },
);
