import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { whiten } from "../../src/image/index.js";
import { Generator } from "../../src/random/index.js";
import { expectClose } from "../../src/testing/index.js";

const samples = () =>
  tf.tidy(() => {
    const mixing = tf.tensor2d([
      [2, 1, 0],
      [0, 1, 1],
      [0.5, 0, 3],
    ]); // prettier-ignore
    return tf.add(tf.matMul(new Generator(1).normal([500, 3]) as tf.Tensor2D, mixing), [1, -2, 3]);
  });

test("whitened samples have mean 0 and unit covariance", async () => {
  const { values } = await whiten(samples(), { epsilon: 1e-9 });
  await expectClose(tf.mean(values, 0), [0, 0, 0], { absolute: 1e-5 });
  const covariance = tf.div(tf.matMul(values as tf.Tensor2D, values as tf.Tensor2D, true), 499);
  await expectClose(covariance, [1, 0, 0, 0, 1, 0, 0, 0, 1], { absolute: 1e-4 });
});

test("the matrix is symmetric, whitens the samples again, and images are taken as vectors", async () => {
  const x = samples();
  const { values, mean, matrix } = await whiten(tf.reshape(x, [500, 1, 3, 1]));
  expect(values.shape).toEqual([500, 1, 3, 1]);
  await expectClose(tf.transpose(matrix), await matrix.data(), { absolute: 1e-6 });
  await expectClose(tf.matMul(tf.sub(x, mean), matrix), await values.data(), { absolute: 1e-5 });
});

test("among all whitenings it is the nearest: white samples stay as they are", async () => {
  const { values } = await whiten(samples(), { epsilon: 1e-9 });
  const again = await whiten(values, { epsilon: 1e-9 });
  await expectClose(again.values, await values.data(), { absolute: 1e-3 });
});

test("a direction without variance stays finite; nothing leaks", async () => {
  const x = tf.tensor2d([
    [1, 2],
    [3, 2],
    [5, 2],
  ]); // prettier-ignore
  const count = tf.memory().numTensors;
  const { values, mean, matrix } = await whiten(x);
  expect(tf.memory().numTensors).toBe(count + 3);
  expect((await values.data()).every(Number.isFinite)).toBe(true);
  tf.dispose([values, mean, matrix]);
});

test("one sample and an epsilon of 0 are refused", async () => {
  await expect(whiten(tf.ones([1, 3]))).rejects.toThrow(
    "whiten: samples has shape [1,3]; at least two samples",
  );
  await expect(whiten(tf.ones([4, 3]), { epsilon: 0 })).rejects.toThrow("whiten: epsilon is 0");
});
