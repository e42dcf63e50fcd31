import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import {
  gridGradientOnDevice,
  imageGradientOnDevice,
  sampleOnDevice,
} from "../../src/image/grid-sample-device.js";
import { affineGrid, type GridSampleOptions, gridSample } from "../../src/image/index.js";
import { expectClose } from "../../src/testing/index.js";
import { reference, wave } from "./waves.js";

const closeness = { absolute: 2e-6, relative: 2e-6 };
const images = () => wave([2, 5, 6, 3]) as tf.Tensor4D;
const grid = () => wave([2, 4, 3, 2], -1.9, 1.9, 1.3) as tf.Tensor4D;
const upstream = () => wave([2, 4, 3, 3], -1, 1, 0.9) as tf.Tensor4D;

describe.each(Object.keys(reference.sample))("%s", (key) => {
  const [mode, padding, align] = key.split(" ") as [string, string, string];
  const options = { mode, padding, alignCorners: align === "True" } as Required<GridSampleOptions>;
  const golden = reference.sample[key];

  test("values and both gradients are PyTorch's", async () => {
    await expectClose(gridSample(images(), grid(), options), golden.value, closeness);
    const loss = (x: tf.Tensor, g: tf.Tensor) =>
      tf.sum(tf.mul(gridSample(x as tf.Tensor4D, g as tf.Tensor4D, options), upstream()));
    const [dImages, dGrid] = tf.grads(loss)([images(), grid()]);
    await expectClose(dImages!, golden.images, closeness);
    await expectClose(dGrid!, golden.grid, { absolute: 1e-5 });
  });

  test("the composition for other backends gives the same", async () => {
    await expectClose(sampleOnDevice(images(), grid(), options), golden.value, closeness);
    await expectClose(imageGradientOnDevice(upstream(), images(), grid(), options), golden.images, closeness);
    await expectClose(gridGradientOnDevice(upstream(), images(), grid(), options), golden.grid, {
      absolute: 1e-5,
    });
  });
});

test("affine grids are PyTorch's", async () => {
  const theta = wave([2, 2, 3]) as tf.Tensor3D;
  await expectClose(affineGrid(theta, [3, 4]), reference.affine.False);
  await expectClose(affineGrid(theta, [3, 4], { alignCorners: true }), reference.affine.True);
});

test("the identity map gives the image back and a shift by one pixel moves it", async () => {
  const x = images();
  const identity = tf.tensor3d([1, 0, 0, 0, 1, 0, 1, 0, 2 / 6, 0, 1, 0], [2, 2, 3]);
  const out = gridSample(x, affineGrid(identity, [5, 6]));
  const [first, second] = tf.split(out, 2) as [tf.Tensor4D, tf.Tensor4D];
  await expectClose(first, await tf.slice(x, 0, 1).data(), { absolute: 1e-5 });
  const moved = tf.pad(tf.slice(x, [1, 0, 1, 0], [1, 5, 5, 3]), [
    [0, 0],
    [0, 0],
    [0, 1],
    [0, 0],
  ]); // prettier-ignore
  await expectClose(second, await moved.data(), { absolute: 1e-5 });
});

test("a warp found by gradient descent undoes a shift", async () => {
  const x = tf.tidy(() => {
    const [y, h] = tf.meshgrid(tf.linspace(-2, 2, 16), tf.linspace(-2, 2, 16)) as [tf.Tensor, tf.Tensor];
    return tf.reshape(tf.exp(tf.neg(tf.add(tf.square(y), tf.square(h)))), [1, 16, 16, 1]) as tf.Tensor4D;
  });
  const warp = (shift: tf.Tensor) => {
    const theta = tf.reshape(
      tf.concat([tf.tensor1d([1, 0]), tf.reshape(shift, [1]), tf.tensor1d([0, 1, 0])]),
      [1, 2, 3],
    );
    return gridSample(x, affineGrid(theta as tf.Tensor3D, [16, 16]), { padding: "border" });
  };
  const target = warp(tf.scalar(0.2));
  const shift = tf.variable(tf.scalar(0));
  const optimizer = tf.train.adam(0.02);
  for (let i = 0; i < 60; i++) {
    optimizer.minimize(() => tf.mean(tf.square(tf.sub(warp(shift), target))) as tf.Scalar, false, [shift]);
  }
  await expectClose(shift, [0.2], { absolute: 0.01 });
});

test("one pixel, NaN-free far points, no leaks, arguments usable", async () => {
  const x = tf.ones([1, 1, 1, 2]) as tf.Tensor4D;
  const far = tf.tensor4d([1e6, -1e6, 0, 0], [1, 1, 2, 2]);
  const count = tf.memory().numTensors;
  for (const padding of ["zeros", "border", "reflection"] as const) {
    for (const alignCorners of [false, true]) {
      const out = gridSample(x, far, { padding, alignCorners });
      expect((await out.data()).every(Number.isFinite)).toBe(true);
      out.dispose();
    }
  }
  tf.dispose(
    tf.grads((a: tf.Tensor, g: tf.Tensor) => gridSample(a as tf.Tensor4D, g as tf.Tensor4D))([x, far]),
  );
  expect(tf.memory().numTensors).toBe(count);
  expect((await x.data())[0]).toBe(1);
});

test("shapes and options that do not fit are refused", () => {
  const x = images();
  expect(() => gridSample(x, tf.zeros([1, 4, 3, 2]))).toThrow(
    "gridSample: grid has shape [1,4,3,2]; [2,any,any,2] was expected",
  );
  expect(() => gridSample(tf.zeros([2, 2]) as never, grid())).toThrow(
    "gridSample: images has shape [2,2]; rank 4",
  );
  expect(() => gridSample(tf.cast(x, "int32"), grid())).toThrow(
    "images has dtype int32; float32 was expected",
  );
  expect(() => gridSample(x, grid(), { mode: "cubic" as never })).toThrow(/mode is "cubic"/);
  expect(() => gridSample(x, grid(), { padding: "wrap" as never })).toThrow(/padding is "wrap"/);
  expect(() => affineGrid(tf.zeros([2, 3]) as never, [2, 2])).toThrow(/theta has shape \[2,3\]/);
  expect(() => affineGrid(tf.zeros([1, 2, 3]), [0, 2])).toThrow(/size\[0\] is 0/);
});
