import { ArgumentError } from "@lab/core";
import { mlp, parameters } from "@lab/core/nn";
import { adamw } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { compress, gradientTraffic, sparsify } from "../src/index.js";

const net = () => mlp({ sizes: [5, 6, 2], bias: false, generator: new Generator(1) });

test("SNIP keeps the weights whose removal changes the loss most", async () => {
  const model = net();
  const x = new Generator(3).normal([7, 5]);
  const loss = () => tf.mean(tf.square(tf.sub(model.apply(x) as tf.Tensor, 1))) as tf.Scalar;
  // The derivative of the loss with respect to a factor on each weight, by central differences in double steps.
  const scores: number[] = [];
  const h = 1e-2;
  for (const variable of parameters(model).values() as Iterable<tf.Variable>) {
    const values = (await variable.data()).slice();
    for (let i = 0; i < values.length; i++) {
      const at = async (factor: number) => {
        const changed = values.slice();
        changed[i]! *= factor;
        variable.assign(tf.tensor(changed, variable.shape));
        return (await loss().data())[0]!;
      };
      scores.push(Math.abs((await at(1 + h)) - (await at(1 - h))) / (2 * h));
    }
    variable.assign(tf.tensor(values, variable.shape));
  }
  const sparse = await sparsify(model, { keep: 12, by: "snip", loss });
  const flags = (await Promise.all(Object.values(sparse.masks).map((mask) => mask.data()))).flatMap(
    (part) => [...part],
  );
  const kept = scores.filter((_, i) => flags[i] === 1);
  const dropped = scores.filter((_, i) => flags[i] === 0);
  expect(kept.length).toBe(12);
  expect(Math.min(...kept)).toBeGreaterThan(Math.max(...dropped) - 1e-3);
  sparse.dispose();
});

test("magnitude keeps the largest, and pruned weights get no gradient while others learn", async () => {
  const model = net();
  const values = await Promise.all([...parameters(model).values()].map((value) => value.data()));
  const sparse = await sparsify(model, { keep: 20, by: "magnitude" });
  const masks = await Promise.all(Object.values(sparse.masks).map((mask) => mask.data()));
  const all = values.flatMap((part, k) =>
    [...part].map((value, i) => [Math.abs(value), masks[k]![i]!] as const),
  );
  const kept = all.filter(([, flag]) => flag === 1).map(([value]) => value);
  const dropped = all.filter(([, flag]) => flag === 0).map(([value]) => value);
  expect(kept.length).toBe(20);
  expect(Math.min(...kept)).toBeGreaterThanOrEqual(Math.max(...dropped));
  const x = new Generator(3).normal([7, 5]);
  const optimizer = adamw({ learningRate: 0.05, weightDecay: 0.1 });
  const { rows } = await fit({
    step: () => tf.mean(tf.square(tf.sub(model.apply(x) as tf.Tensor, 1))),
    batches: () => null,
    steps: 30,
    optimizer,
    variables: parameters(model),
  });
  expect(rows.at(-1)!.scalars.loss!).toBeLessThan(0.7 * rows[0]!.scalars.loss!);
  // What the network computes is what the masked kernels compute.
  const [a, b] = [...parameters(model).values()].map((kernel, k) =>
    tf.mul(kernel, Object.values(sparse.masks)[k]!),
  ) as [tf.Tensor2D, tf.Tensor2D];
  const expected = tf.matMul(tf.relu(tf.matMul(x as tf.Tensor2D, a)), b);
  await expectClose(model.apply(x) as tf.Tensor, expected, { relative: 1e-5, absolute: 1e-6 });
});

test("random pruning is drawn from its generator; nothing stays after dispose", async () => {
  const before = tf.memory().numTensors;
  const flags = async (seed: number) => {
    const sparse = await sparsify(net(), { keep: 9, by: "random", generator: new Generator(seed) });
    const parts = await Promise.all(Object.values(sparse.masks).map((mask) => mask.data()));
    sparse.dispose();
    return parts.flatMap((part) => [...part]);
  };
  const [a, b, c] = [await flags(1), await flags(1), await flags(2)];
  expect(a).toEqual(b);
  expect(a).not.toEqual(c);
  expect(a.reduce((sum, flag) => sum + flag, 0)).toBe(9);
  expect(tf.memory().numTensors).toBe(before);
});

test("wrong arguments are refused", async () => {
  await expect(sparsify(net(), { keep: 43, by: "magnitude" })).rejects.toThrow(/keep is 43/);
  await expect(sparsify(net(), { keep: 4, by: "snip" })).rejects.toThrow(ArgumentError);
  const compiled = net();
  compiled.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  await expect(sparsify(compiled, { keep: 4, by: "random" })).rejects.toThrow(/compiled/);
});

test("a step of a data-parallel worker sends four bytes for each number of the ring", () => {
  const compressed = compress(mlp({ sizes: [784, 300, 300, 300, 10] }), { parameters: 4000 });
  expect(gradientTraffic(compressed)).toEqual({
    ring: 16_000,
    free: 4 * 910,
    total: 16_000 + 4 * 910,
    dense: 4 * (418_200 + 910),
    timesLess: 419_110 / 4910,
  });
});
