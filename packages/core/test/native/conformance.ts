import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { expect } from "vitest";
import { type BackendName, init } from "../../src/index.js";

const numbers = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 12.9898 * i + (i % 7)));
const tensor = (shape: number[], seed: number) =>
  tf.tensor(numbers(tf.util.sizeFromShape(shape), seed), shape);

/** Value and all gradients of `f` at tensors of the given shapes, as flat lists. */
async function valueAndGradients(
  f: (...x: never[]) => tf.Tensor,
  shapes: number[][],
): Promise<Float32Array[]> {
  const inputs = shapes.map((shape, i) => tensor(shape, i + 1));
  const { value, grads } = tf.valueAndGrads(f as never)(inputs);
  return Promise.all([value, ...grads].map(async (t) => new Float32Array(await t.data())));
}

/** Computes on TensorFlow and on the plain backend and compares. */
async function same(compute: () => Promise<ArrayLike<number>[]>, tolerance = 2e-5): Promise<void> {
  const on = async (backend: BackendName) => {
    await init({ backend });
    return compute();
  };
  const expected = await on("cpu");
  const got = await on("tensorflow");
  expect(got.length).toBe(expected.length);
  for (const [part, values] of got.entries()) {
    const reference = expected[part]!;
    expect(values.length).toBe(reference.length);
    const scale = Array.from(reference).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    for (let i = 0; i < values.length; i++)
      expect(Math.abs(values[i]! - reference[i]!), `part ${part}, element ${i}`).toBeLessThan(
        tolerance * scale,
      );
  }
}

const weighted = (y: tf.Tensor) => tf.sum(tf.mul(y, tensor(y.shape, 9)));
const paddings = [
  0,
  1,
  2,
  "same",
  "valid",
  [
    [0, 0],
    [1, 0],
    [0, 2],
    [0, 0],
  ],
] as const;

async function convolutions(): Promise<void> {
  for (const pad of paddings) {
    const rounding = typeof pad === "number" ? "floor" : undefined;
    for (const stride of [1, 2]) {
      await same(() =>
        valueAndGradients(
          (x: tf.Tensor4D, w: tf.Tensor4D) =>
            weighted(tf.conv2d(x, w, stride, pad as never, "NHWC", 1, rounding)),
          [
            [2, 7, 7, 3],
            [3, 3, 3, 4],
          ],
        ),
      );
    }
  }
}

async function depthwise(): Promise<void> {
  for (const pad of paddings.filter((padding) => typeof padding !== "object")) {
    const rounding = typeof pad === "number" ? "floor" : undefined;
    for (const stride of [1, 2]) {
      await same(() =>
        valueAndGradients(
          (x: tf.Tensor4D, w: tf.Tensor4D) =>
            weighted(tf.depthwiseConv2d(x, w, stride, pad as never, "NHWC", 1, rounding)),
          [
            [2, 6, 6, 3],
            [3, 3, 3, 2],
          ],
        ),
      );
    }
  }
}

async function pooling(): Promise<void> {
  for (const pad of [0, 1, "same", "valid"] as const) {
    const rounding = typeof pad === "number" ? "floor" : undefined;
    for (const stride of [1, 2]) {
      const largest = (x: tf.Tensor4D) => tf.maxPool(x, 3, stride, pad, rounding);
      const average = (x: tf.Tensor4D) => tf.avgPool(x, 3, stride, pad, rounding);
      // Far below 0, so that a window which wrongly saw zeros around the image would show.
      await same(() =>
        valueAndGradients((x: tf.Tensor4D) => weighted(largest(tf.sub(x, 3))), [[2, 7, 6, 3]]),
      );
      await same(async () => [await average(tensor([2, 7, 6, 3], 1) as tf.Tensor4D).data()]);
      // The plain backend's gradient of means is wrong at the border; means are linear, which gives the right one.
      await init({ backend: "tensorflow" });
      const loss = (x: tf.Tensor) => weighted(average(tf.reshape(x, [1, 5, 4, 1]))) as tf.Scalar;
      const gradient = await tf
        .grad(loss)(tensor([20], 2))
        .data();
      for (let i = 0; i < 20; i++) {
        const unit = tf.oneHot(tf.tensor1d([i], "int32"), 20);
        expect(Math.abs((await loss(tf.cast(unit, "float32")).data())[0]! - gradient[i]!)).toBeLessThan(1e-6);
      }
    }
  }
}

async function fusedConvolution(): Promise<void> {
  await same(() =>
    valueAndGradients(
      (x: tf.Tensor4D, w: tf.Tensor4D, bias: tf.Tensor1D) =>
        weighted(
          tf.fused.conv2d({
            x,
            filter: w,
            strides: 2,
            pad: 1,
            dimRoundingMode: "floor",
            bias,
            activation: "relu",
          }),
        ),
      [[2, 7, 7, 3], [3, 3, 3, 4], [4]],
    ),
  );
}

async function elementwise(): Promise<void> {
  await same(() => valueAndGradients((x: tf.Tensor) => weighted(tf.relu(x)), [[3, 5]]));
  await same(async () => [await tf.step(tf.tensor1d([-1, 0, 2]), 0.3).data()]);
  await init({ backend: "tensorflow" });
  expect((await tf.step(tf.tensor1d([Number.NaN])).data())[0]).toBeNaN();
  for (const axis of [0, 1, [0, 2], null, -1]) {
    for (const keep of [true, false]) {
      await same(() =>
        valueAndGradients(
          (x: tf.Tensor) => weighted(tf.square(tf.mean(x, axis as never, keep))),
          [[3, 4, 2]],
        ),
      );
      await same(() =>
        valueAndGradients((x: tf.Tensor) => weighted(tf.square(tf.sum(x, axis as never, keep))), [[3, 4, 2]]),
      );
    }
  }
}

async function batchNormOps(): Promise<void> {
  for (const shape of [
    [5, 3, 2, 4],
    [6, 4],
  ]) {
    const axes = shape.map((_, axis) => axis).slice(0, -1);
    await same(() =>
      valueAndGradients(
        (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) => {
          const { mean, variance } = tf.moments(x, axes);
          return weighted(tf.batchNorm(x, mean as never, variance as never, offset as never, scale as never));
        },
        [shape, [4], [4]],
      ),
    );
  }
  // Mean and variance of the shape of the input, which the shipped path must still answer.
  await same(() =>
    valueAndGradients(
      (x: tf.Tensor, mean: tf.Tensor, spread: tf.Tensor, offset: tf.Tensor, scale: tf.Tensor) =>
        weighted(tf.batchNorm(x, mean, tf.square(spread), offset, scale, 0.1)),
      [
        [2, 3, 2, 4],
        [2, 3, 2, 4],
        [2, 3, 2, 4],
        [2, 3, 2, 4],
        [2, 3, 2, 4],
      ],
    ),
  );
}

async function batchNormLayer(): Promise<void> {
  for (const options of [{ momentum: 0.5 }, { epsilon: 0.1 }]) {
    for (const shape of [
      [5, 3, 2, 4],
      [6, 4],
    ]) {
      await same(async () => {
        const layer = tfl.layers.batchNormalization(options);
        layer.build([null, ...shape.slice(1)]);
        const f = (x: tf.Tensor) => weighted(layer.call(x, { training: true }) as tf.Tensor);
        const x = tensor(shape, 1);
        const { value, grads } = tf.variableGrads(() => f(x) as tf.Scalar);
        const weights = layer.getWeights().slice(-2);
        const parts = [value, ...Object.values(grads), ...weights, tf.grad(f)(x)];
        return Promise.all(parts.map(async (t) => new Float32Array(await t.data())));
      });
    }
  }
}

/** Without scale or shift the shipped layer cannot train; here it does as with ones and zeros. */
async function partialLayer(): Promise<void> {
  await init({ backend: "tensorflow" });
  const x = tensor([5, 3, 2, 4], 1);
  const run = (options: object) => {
    const layer = tfl.layers.batchNormalization(options);
    layer.build([null, 3, 2, 4]);
    return layer.call(x, { training: true }) as tf.Tensor;
  };
  const whole = await run({}).data();
  for (const options of [{ scale: false }, { center: false }, { scale: false, center: false }])
    expect(await run(options).data()).toEqual(whole);
}

/** The parts of `batchNorm` of `@lab/core/nn`, against its definition. */
async function batchNormParts(): Promise<void> {
  await init({ backend: "tensorflow" });
  const call = (name: string, inputs: Record<string, tf.Tensor>) =>
    tf.engine().runKernel(name, inputs) as unknown as tf.Tensor | tf.Tensor[];
  const [x, gamma, beta, dy] = [tensor([6, 3], 1), tensor([3], 2), tensor([3], 3), tensor([6, 3], 4)];
  const [mean, variance] = call("LabBatchMoments", { x }) as [tf.Tensor, tf.Tensor];
  const expected = tf.moments(x, [0]);
  const inverse = tf.rsqrt(tf.add(variance, 1e-5));
  const close = async (got: tf.Tensor, want: tf.Tensor) => {
    expect(got.shape).toEqual(want.shape);
    expect((await tf.max(tf.abs(tf.sub(got, want))).data())[0]).toBeLessThan(1e-5);
  };
  await close(mean, expected.mean);
  await close(variance, expected.variance);
  const value = call("LabBatchNormValue", { x, gamma, beta, mean, inverse }) as tf.Tensor;
  await close(value, tf.add(tf.mul(tf.mul(tf.sub(x, mean), inverse), gamma), beta));
  const got = call("LabBatchNormGrad", { dy, x, gamma, mean, inverse }) as tf.Tensor[];
  const f = (a: tf.Tensor, g: tf.Tensor, b: tf.Tensor) => {
    const m = tf.moments(a, [0]);
    const normal = tf.mul(tf.sub(a, m.mean), tf.rsqrt(tf.add(m.variance, 1e-5)));
    return tf.sum(tf.mul(dy, tf.add(tf.mul(normal, g), b)));
  };
  for (const [i, gradient] of tf.grads(f)([x, gamma, beta]).entries()) await close(got[i]!, gradient);
}

async function einsum(): Promise<void> {
  for (const [equation, ...shapes] of [
    ["ij,jk->ik", [3, 4], [4, 2]],
    ["bij,bjk->bik", [2, 3, 4], [2, 4, 2]],
    ["ij->ji", [3, 4]],
    ["ij,ij->", [3, 4], [3, 4]],
  ] as [string, ...number[][]][]) {
    await same(async () => [
      await tf.einsum(equation, ...shapes.map((shape, i) => tensor(shape, i + 1))).data(),
    ]);
  }
}

async function memory(): Promise<void> {
  await init({ backend: "tensorflow" });
  const layer = tfl.layers.batchNormalization({});
  layer.build([null, 4, 4, 4]);
  const kernel = tf.variable(tensor([3, 3, 4, 4], 1) as tf.Tensor4D);
  const x = tensor([2, 8, 8, 4], 2) as tf.Tensor4D;
  const optimizer = tf.train.sgd(0.01);
  const step = () =>
    optimizer.minimize(() => {
      const y = layer.call(tf.conv2d(x, kernel, 2, 1, "NHWC", 1, "floor"), { training: true }) as tf.Tensor;
      const { mean, variance } = tf.moments(y, [0, 1, 2]);
      const ones = tf.ones([4]) as tf.Tensor1D;
      return tf.mean(tf.relu(tf.batchNorm(y, mean as never, variance as never, ones, ones))) as tf.Scalar;
    });
  step();
  const { numTensors, numDataBuffers } = tf.memory();
  for (let i = 0; i < 10; i++) step();
  expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
}

/** Checks of the TensorFlow backend, by what they show. */
export const conformance: Readonly<Record<string, () => Promise<void>>> = {
  "convolutions with every padding agree, forward and backward": convolutions,
  "depthwise convolutions with every padding agree, forward and backward": depthwise,
  "pooling with every padding agrees, forward and backward": pooling,
  "a fused convolution takes padding by number": fusedConvolution,
  "relu, step, means and sums agree, forward and backward": elementwise,
  "batch normalisation from moments agrees, forward and backward": batchNormOps,
  "the batch normalisation layer trains as the shipped one": batchNormLayer,
  "the layer trains without scale or shift": partialLayer,
  "the parts of batch normalisation hold their definition": batchNormParts,
  "einsum agrees": einsum,
  "training leaves no tensors": memory,
};
