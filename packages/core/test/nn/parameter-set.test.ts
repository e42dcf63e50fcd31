import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { assign, batchNorm, ema, flatten, mlp, parameters, unflatten } from "../../src/nn/index.js";
import { expectClose } from "../../src/testing/index.js";

test("a vector and back is the same set", async () => {
  const set = parameters(mlp({ sizes: [3, 4, 2] }));
  const vector = flatten(set);
  expect(vector.shape).toEqual([26]);
  const back = unflatten(vector, set);
  expect([...back.keys()]).toEqual([...set.keys()]);
  for (const [name, value] of set) {
    expect(back.get(name)!.shape).toEqual(value.shape);
    expect(await back.get(name)!.data()).toEqual(await value.data());
  }
});

test("gradients pass through flatten and unflatten", async () => {
  const like = new Map<string, tf.Tensor>([
    ["a", tf.zeros([2])],
    ["b", tf.zeros([1, 2])],
  ]);
  const loss = (v: tf.Tensor) => {
    const parts = unflatten(v as tf.Tensor1D, like);
    return tf.sum(tf.mul(flatten(parts), tf.concat([parts.get("a")!, tf.reshape(parts.get("b")!, [2])])));
  };
  await expectClose(tf.grad(loss)(tf.tensor1d([1, 2, 3, 4])), [2, 4, 6, 8]);
});

test("a selection by rule, by trainability, and all", () => {
  const model = mlp({ sizes: [2, 3, 1], batchNorm: true });
  expect([...parameters(model, (name) => name.endsWith("gamma")).keys()]).toEqual(["1/gamma"]);
  expect(parameters(model).size).toBe(6);
  expect(parameters(model, "all").size).toBe(8);
});

test("an average moves by its share and a decay of 0 copies", async () => {
  const [average, model] = [mlp({ sizes: [1, 1], bias: false }), mlp({ sizes: [1, 1], bias: false })];
  assign(average, new Map([["0/kernel", tf.tensor2d([[1]])]]));
  assign(model, new Map([["0/kernel", tf.tensor2d([[5]])]]));
  const count = tf.memory().numTensors;
  ema(average, model, 0.75);
  expect(tf.memory().numTensors).toBe(count);
  await expectClose(parameters(average).get("0/kernel")!, [2]);
  ema(parameters(average), parameters(model), 0);
  await expectClose(parameters(average).get("0/kernel")!, [5]);
});

test("wrong names, shapes, decays and plain tensors are refused and nothing changes", async () => {
  const model = mlp({ sizes: [1, 1] });
  const before = await flatten(parameters(model)).data();
  const values = (name: string, shape: number[]) =>
    new Map<string, tf.Tensor>([
      ["0/bias", tf.ones([1])],
      [name, tf.ones(shape)],
    ]);
  expect(() => assign(model, values("1/kernel", [1, 1]))).toThrow(
    "assign: values holds 1/kernel, which the target lacks",
  );
  expect(() => assign(model, values("0/kernel", [2, 1]))).toThrow(
    "assign: 0/kernel has shape [2,1]; [1,1] was expected",
  );
  expect(await flatten(parameters(model)).data()).toEqual(before);
  expect(() => ema(model, model, 1.5)).toThrow(/decay is 1.5/);
  expect(() => ema(model, new Map(), 0.5)).toThrow("ema: current lacks 0/kernel");
  expect(() => assign(new Map([["a", tf.scalar(1)]]), new Map())).toThrow("assign: a is a plain tensor");
  expect(() => unflatten(tf.ones([3]) as tf.Tensor1D, parameters(model))).toThrow(
    "unflatten: vector has shape [3]; [2] was expected",
  );
});

test("batch normalisation refuses shapes that do not fit and a single value in a channel", () => {
  const [one, two] = [tf.ones([1]) as tf.Tensor1D, tf.ones([2]) as tf.Tensor1D];
  expect(() => batchNorm(tf.ones([4, 2]), one, two)).toThrow(
    "batchNorm: gamma has shape [1]; [2] was expected",
  );
  expect(() => batchNorm(tf.ones([1, 2]), two, two)).toThrow(/1 value in each channel; at least 2/);
  expect(() => batchNorm(tf.ones([4, 2]), two, two, 0)).toThrow(/epsilon is 0/);
});

test("a constant channel is normalised to its shift with a finite gradient", async () => {
  const x = tf.tensor2d([[1000], [1000], [1000]]);
  const [gamma, beta] = [tf.tensor1d([2]), tf.tensor1d([0.5])];
  await expectClose(batchNorm(x, gamma, beta).value, [0.5, 0.5, 0.5], { absolute: 1e-3 });
  const dx = tf.grad((v: tf.Tensor) => tf.sum(tf.square(batchNorm(v, gamma, beta).value)))(x);
  expect((await dx.data()).every(Number.isFinite)).toBe(true);
});
