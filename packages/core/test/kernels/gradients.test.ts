import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Generator } from "../../src/random/index.js";
import { expectClose } from "../../src/testing/index.js";

/** Values of a computation on the engine's plain JavaScript backend. */
async function onCpu(compute: () => tf.Tensor[]): Promise<Float32Array[]> {
  const current = tf.getBackend();
  await import("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  const values = await Promise.all(compute().map((tensor) => tensor.data() as Promise<Float32Array>));
  await tf.setBackend(current);
  return values;
}

type Pair = [number, number];

interface Case {
  batch: number;
  size: Pair;
  channels: number;
  filters: number;
  filter: Pair;
  strides: Pair;
  pad: "same" | "valid" | number | [Pair, Pair, Pair, Pair];
}

function gradients(c: Case): tf.Tensor[] {
  const generator = new Generator(1);
  const x = generator.normal([c.batch, ...c.size, c.channels]) as tf.Tensor4D;
  const k = generator.normal([...c.filter, c.channels, c.filters]) as tf.Tensor4D;
  const rounding = typeof c.pad === "number" || Array.isArray(c.pad) ? "floor" : undefined;
  const forward = (a: tf.Tensor4D, b: tf.Tensor4D) =>
    tf.conv2d(a, b, c.strides, c.pad as "same", "NHWC", 1, rounding);
  const dy = generator.normal(forward(x, k).shape);
  return tf.grads((a, b) => tf.mul(forward(a as tf.Tensor4D, b as tf.Tensor4D), dy))([x, k]);
}

async function compare(c: Case): Promise<void> {
  const ours = gradients(c);
  const reference = await onCpu(() => gradients(c));
  for (const [i, tensor] of ours.entries())
    await expectClose(tensor, reference[i]!, { relative: 1e-3, absolute: 1e-3 });
}

const base: Case = {
  batch: 2,
  size: [7, 6],
  channels: 3,
  filters: 4,
  filter: [3, 3],
  strides: [1, 1],
  pad: "same",
};

test.each<[string, Partial<Case>]>([
  ["the usual 3×3", {}],
  ["valid padding", { pad: "valid" }],
  ["stride 2, same", { strides: [2, 2] }],
  ["stride 2, valid, with rows that no output reaches", { strides: [2, 2], pad: "valid", size: [8, 8] }],
  ["stride 3", { strides: [3, 3], size: [11, 10] }],
  ["strides that differ", { strides: [2, 1] }],
  ["padding by number", { pad: 2 }],
  [
    "explicit padding of each side",
    {
      pad: [
        [0, 0],
        [2, 0],
        [1, 3],
        [0, 0],
      ],
    },
  ],
  ["padding beyond the filter", { pad: 4 }],
  ["a 1×1 filter", { filter: [1, 1] }],
  ["a 1×1 filter at stride 2", { filter: [1, 1], strides: [2, 2] }],
  ["a filter as large as the image", { filter: [7, 6], pad: "valid" }],
  ["an even filter", { filter: [4, 2], strides: [2, 2] }],
  ["one channel, one filter, one image", { batch: 1, channels: 1, filters: 1 }],
])("gradients of conv2d with %s are those of the plain backend", (_, change) =>
  compare({ ...base, ...change }),
);

test("gradients of conv2d are those of the plain backend for random shapes", async () => {
  const size = fc.integer({ min: 1, max: 9 });
  const small = fc.integer({ min: 1, max: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        batch: small,
        size: fc.tuple(size, size) as fc.Arbitrary<Pair>,
        channels: small,
        filters: small,
        filter: fc.tuple(small, small) as fc.Arbitrary<Pair>,
        strides: fc.tuple(
          fc.integer({ min: 1, max: 3 }),
          fc.integer({ min: 1, max: 3 }),
        ) as fc.Arbitrary<Pair>,
        pad: fc.constantFrom<Case["pad"]>(
          "same",
          [
            [0, 0],
            [3, 4],
            [3, 3],
            [0, 0],
          ],
          [
            [0, 0],
            [4, 3],
            [5, 4],
            [0, 0],
          ],
        ),
      }),
      compare,
    ),
    { seed: 4, numRuns: 60 },
  );
});

test("padding by number is right for filters and strides that are not square", async () => {
  // The engine's own backends take the height's filter and stride for the width; explicit padding is the reference.
  const generator = new Generator(8);
  const x = generator.normal([2, 8, 7, 2]) as tf.Tensor4D;
  const k = generator.normal([3, 2, 2, 3]) as tf.Tensor4D;
  const byNumber = tf.conv2d(x, k, [2, 1], 2, "NHWC", 1, "floor");
  const explicit = tf.conv2d(
    x,
    k,
    [2, 1],
    [
      [0, 0],
      [2, 2],
      [2, 2],
      [0, 0],
    ],
    "NHWC",
    1,
    "floor",
  );
  expect(byNumber.shape).toEqual([2, 5, 10, 3]);
  await expectClose(byNumber, explicit);
});

test.each([
  [1, [1, 1], 1],
  [2, [1, 1], 1],
  [1, [2, 2], 1],
  [3, [1, 1], 2],
  [2, [3, 2], 1],
] as [number, Pair, number][])(
  "gradients of depthwise convolutions with multiplier %d, strides %j, dilation %d are the transposes of the forward map",
  async (multiplier, strides, dilation) => {
    // The forward map is linear in each argument: <dx, u> = <dy, conv(u, k)> for all u fixes dx, and likewise dk.
    const generator = new Generator(2);
    const x = generator.normal([2, 8, 7, 3]) as tf.Tensor4D;
    const k = generator.normal([3, 3, 3, multiplier]) as tf.Tensor4D;
    const forward = (a: tf.Tensor, b: tf.Tensor) =>
      tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, "same", "NHWC", dilation);
    const dy = generator.normal(forward(x, k).shape);
    const attributes = { strides, pad: "same", dimRoundingMode: null, dilations: [dilation, dilation] };
    const run = (name: string, inputs: tf.NamedTensorMap, more: object) =>
      tf.engine().runKernel(name, inputs, { ...attributes, ...more } as never) as tf.Tensor;
    const dx = run("DepthwiseConv2dNativeBackpropInput", { dy, filter: k }, { inputShape: x.shape });
    const dk = run("DepthwiseConv2dNativeBackpropFilter", { x, dy }, { filterShape: k.shape });
    const inner = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b));
    for (let trial = 0; trial < 5; trial++) {
      const u = generator.normal(x.shape);
      const v = generator.normal(k.shape);
      await expectClose(inner(dx, u), inner(dy, forward(u, k)), { relative: 1e-4, absolute: 1e-3 });
      await expectClose(inner(dk, v), inner(dy, forward(x, v)), { relative: 1e-4, absolute: 1e-3 });
    }
  },
);

test("einsum sums an index that only one operand has", async () => {
  const generator = new Generator(6);
  const [a, b] = [generator.normal([3, 4]), generator.normal([4, 5])];
  await expectClose(tf.einsum("ij,kj->k", a, tf.transpose(b)), tf.matMul(tf.sum(a, 0, true), b), {
    absolute: 1e-5,
  });
});

test.each([
  [false, true],
  [true, false],
  [true, true],
])(
  "products with transposed operands (%s, %s) are those of the plain backend",
  async (transposeA, transposeB) => {
    const compute = () => {
      const generator = new Generator(3);
      const a = generator.normal(transposeA ? [3, 5, 4] : [3, 4, 5]);
      const b = generator.normal(transposeB ? [3, 6, 5] : [3, 5, 6]);
      return [
        tf.matMul(a, b, transposeA, transposeB),
        ...tf.grads((p, q) => tf.square(tf.matMul(p, q, transposeA, transposeB)))([a, b]),
      ];
    };
    const ours = compute();
    const reference = await onCpu(compute);
    for (const [i, tensor] of ours.entries())
      await expectClose(tensor, reference[i]!, { relative: 1e-4, absolute: 1e-4 });
  },
);

test.each([
  "ij,jk->ik",
  "bij,bjk->bik",
  "ij->ji",
  "ij->",
  "ij->i",
  "i,j->ij",
  "ij,ij->",
  "bij,bkj->bki",
  "abc,cd->abd",
])("einsum %s is that of the plain backend", async (equation) => {
  const sizes: Record<string, number> = { a: 2, b: 3, c: 4, d: 5, i: 3, j: 4, k: 5, l: 2 };
  const compute = () => {
    const generator = new Generator(5);
    const operands = equation
      .split("->")[0]!
      .split(",")
      .map((labels) => generator.normal([...labels].map((label) => sizes[label]!)));
    return [tf.einsum(equation, ...operands)];
  };
  const [ours] = compute();
  const [reference] = await onCpu(compute);
  await expectClose(ours!, reference!, { relative: 1e-4, absolute: 1e-4 });
});

test("the gradient of gather sums rows that are taken twice", async () => {
  const x = tf.tensor2d([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  const gradient = tf.grad((t) => tf.gather(t, tf.tensor1d([2, 0, 2], "int32")))(x);
  await expectClose(gradient, [1, 1, 0, 0, 2, 2]);
});

test("training kernels leave no memory behind", () => {
  const c = { ...base, strides: [2, 2] as Pair };
  tf.tidy(() => void gradients(c));
  const backend = tf.backend() as unknown as { numDataIds(): number };
  const [tensors, data] = [tf.memory().numTensors, backend.numDataIds()];
  tf.tidy(() => void gradients(c));
  tf.tidy(() => void tf.einsum("ij,jk->ki", tf.ones([2, 3]), tf.ones([3, 4])));
  expect([tf.memory().numTensors, backend.numDataIds()]).toEqual([tensors, data]);
});

test("values that are operands of products in several shapes give each its own product", async () => {
  for (let round = 0; round < 20; round++) {
    const values = tf.tensor1d([1, 2, 3, 4, 5, 6]);
    const wide = tf.reshape(values, [2, 3]) as tf.Tensor2D;
    const tall = tf.reshape(values, [3, 2]) as tf.Tensor2D;
    expect(await tf.matMul(tf.ones([1, 2]), wide).array()).toEqual([[5, 7, 9]]);
    expect(await tf.matMul(tf.ones([1, 3]), tall).array()).toEqual([[9, 12]]);
    const fused = tf.fused.matMul({ a: tf.ones([1, 3]) as tf.Tensor2D, b: tall, activation: "relu" });
    expect(await fused.array()).toEqual([[9, 12]]);
    expect(await tf.einsum("k,kj->j", tf.ones([1]), tf.reshape(values, [1, 6])).array()).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  }
});

test("values that are filters in several shapes give each its own convolution", async () => {
  for (let round = 0; round < 20; round++) {
    const values = tf.tensor1d([1, 2, 3, 4, 5, 6]);
    const x = (channels: number) => tf.ones([1, 1, 3, channels]) as tf.Tensor4D;
    const conv = (shape: [number, number, number, number]) =>
      tf.conv2d(x(shape[2]), tf.reshape(values, shape) as tf.Tensor4D, 1, "valid").array();
    expect((await conv([1, 1, 2, 3]))[0]![0]![0]).toEqual([5, 7, 9]);
    expect((await conv([1, 1, 3, 2]))[0]![0]![0]).toEqual([9, 12]);
    expect((await conv([1, 3, 1, 2]))[0]![0]![0]).toEqual([9, 12]);
    const depthwise = (shape: [number, number, number, number]) =>
      tf.depthwiseConv2d(x(shape[2]), tf.reshape(values, shape) as tf.Tensor4D, 1, "valid").array();
    expect((await depthwise([1, 3, 2, 1]))[0]![0]![0]).toEqual([9, 12]);
    expect((await depthwise([1, 2, 3, 1]))[0]![0]![0]).toEqual([5, 7, 9]);
    expect((await depthwise([1, 1, 2, 3]))[0]![0]![0]).toEqual([1, 2, 3, 4, 5, 6]);
  }
});
