import { LabError } from "@lab/core";
import { Generator } from "@lab/core/random";
import { expectClose, gaussians } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { ntXent } from "../src/index.js";
import { cachedGradients, FeatureQueue, momentumUpdate } from "../src/memory/index.js";

const made = (size: number, dim = 1) => new FeatureQueue({ size, dim, generator: new Generator(3) });
const column = (values: number[]) => tf.tensor2d(values, [values.length, 1]);

test("the first keys are random unit rows", async () => {
  const queue = made(6, 3);
  await expectClose(tf.sum(tf.square(queue.tensor), 1), new Array(6).fill(1));
});

test("a ring of batches that do not divide its size holds the latest keys", async () => {
  for (const [size, batch] of [
    [5, 2],
    [7, 3],
    [4, 4],
    [3, 1],
    [8, 5],
  ] as const) {
    const queue = made(size);
    const ring = Array.from(await queue.tensor.data());
    let next = 0;
    for (let call = 0; call < Math.ceil((2 * size) / batch); call++) {
      const keys = Array.from({ length: batch }, (_, i) => 100 + call * batch + i);
      queue.enqueue(column(keys));
      for (const key of keys) {
        ring[next] = key;
        next = (next + 1) % size;
      }
      expect(Array.from(await queue.tensor.data())).toEqual(ring);
      if ((call + 1) * batch >= size) expect(Math.min(...ring)).toBeGreaterThanOrEqual(100);
    }
  }
});

test("a queue put back from its state goes on alike", async () => {
  const queue = made(5);
  queue.enqueue(column([1, 2, 3]));
  const copy = made(5);
  copy.restore(await queue.state());
  for (const each of [queue, copy]) each.enqueue(column([4, 5, 6]));
  expect(Array.from(await copy.tensor.data())).toEqual(Array.from(await queue.tensor.data()));
  expect(() => made(4).restore({ values: new Float32Array(5), size: 5, dim: 1, next: 0 })).toThrow(
    "state holds [5,1]; [4,1] was expected",
  );
});

test("enqueueing leaks nothing and copies the keys", async () => {
  const queue = made(4);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 20; i++) tf.tidy(() => queue.enqueue(column([i, i + 1, i + 2])));
  expect(tf.memory().numTensors).toBe(before);
  expect((await queue.tensor.data()).length).toBe(4);
});

test("too many keys and other columns are refused", () => {
  try {
    made(64, 2).enqueue(tf.zeros([96, 2]));
    expect.unreachable();
  } catch (error) {
    expect(LabError.is(error) && error.code).toBe("LAB_SHAPE");
    expect((error as Error).message).toContain("keys has 96 rows and size is 64");
  }
  expect(() => made(4, 2).enqueue(tf.zeros([1, 3]))).toThrow("[1,3]");
});

test("momentum mixes target and source", async () => {
  const target = tf.variable(tf.tensor1d([1, 2]));
  const source = tf.variable(tf.tensor1d([3, -2]));
  momentumUpdate([target], [source], 0.75);
  await expectClose(target, [1.5, 1]);
  await expectClose(source, [3, -2]);
  expect(() => momentumUpdate([target], [], 0.5)).toThrow("1 variables and source has 0");
  expect(() => momentumUpdate([target], [source], 1.5)).toThrow("1.5");
});

test("cached gradients equal those of the whole batch", async () => {
  const [numPairs, dim, out] = [6, 5, 4];
  const inputs = tf.tensor2d(Float32Array.from(gaussians(2 * numPairs * dim, 5)), [2 * numPairs, dim]);
  const weights = tf.variable(tf.tensor2d(Float32Array.from(gaussians(dim * out, 6)), [dim, out]));
  const encode = (x: tf.Tensor2D) => tf.tanh(tf.matMul(x, weights)) as tf.Tensor2D;
  const loss = (z: tf.Tensor2D) =>
    ntXent(tf.slice(z, [0, 0], [numPairs, out]), tf.slice(z, [numPairs, 0], [numPairs, out])) as tf.Scalar;
  const whole = tf.variableGrads(() => loss(encode(inputs)), [weights]);
  for (const rows of [2, 3, 12]) {
    const before = tf.memory().numTensors;
    const cached = cachedGradients({
      encode: (chunk) => encode(tf.slice(inputs, [chunk * rows, 0], [rows, dim])),
      numChunks: (2 * numPairs) / rows,
      loss,
      variables: [weights],
    });
    expect(tf.memory().numTensors).toBe(before + 2);
    await expectClose(cached.loss, whole.value, { relative: 1e-5 });
    await expectClose(cached.gradients[weights.name]!, whole.grads[weights.name]!, { relative: 1e-5 });
  }
});
