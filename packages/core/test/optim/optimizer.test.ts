import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/errors/index.js";
import { accumulate, adamw, clipByGlobalNorm, lars, sgd } from "../../src/optim/index.js";

const kinds: Record<string, () => tf.Optimizer> = {
  "sgd with momentum": () => sgd({ learningRate: 0.1, momentum: 0.9 }),
  adamw: () => adamw({ learningRate: 0.1 }),
  lars: () => lars({ learningRate: 1, trustCoefficient: 0.1 }),
  accumulate: () => accumulate(adamw({ learningRate: 0.1 }), { steps: 3 }),
};

function descend(optimizer: tf.Optimizer, w: tf.Variable, steps: number): void {
  const target = tf.tensor2d([[1, 2]]);
  for (let i = 0; i < steps; i++) {
    optimizer.minimize(() => tf.sum(tf.square(tf.sub(w, target))) as tf.Scalar, false, [w]);
  }
  target.dispose();
}

describe.each(Object.entries(kinds))("%s", (_, make) => {
  test("goes on from its saved state as if nothing had happened", async () => {
    const w = tf.variable(tf.tensor2d([[5, -5]]));
    const optimizer = make();
    descend(optimizer, w, 4);
    const copy = tf.variable(tf.clone(w));
    const renamed = (await optimizer.getWeights()).map(({ name, tensor }) => ({
      name: name.replace(w.name, copy.name),
      tensor,
    }));
    const restored = make();
    await restored.setWeights(renamed);
    descend(optimizer, w, 5);
    descend(restored, copy, 5);
    expect(restored.iterations).toBe(9);
    expect(await copy.data()).toEqual(await w.data());
  });

  test("holds no more tensors after ten steps than after three and none when disposed", () => {
    const w = tf.variable(tf.tensor2d([[5, -5]]));
    const before = tf.memory().numTensors;
    const optimizer = make();
    descend(optimizer, w, 3);
    const after = tf.memory().numTensors;
    descend(optimizer, w, 9);
    expect(tf.memory().numTensors).toBe(after);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test("leaves a variable without a gradient alone", async () => {
    const w = tf.variable(tf.tensor2d([[5, -5]]));
    make().applyGradients({ [w.name]: null as unknown as tf.Tensor });
    expect(Array.from(await w.data())).toEqual([5, -5]);
  });
});

test("a layer of zeros takes a plain step with LARS", async () => {
  const w = tf.variable(tf.zeros([1, 2]));
  lars({ learningRate: 0.5 }).applyGradients({ [w.name]: tf.tensor2d([[1, -1]]) });
  expect(Array.from(await w.data())).toEqual([-0.5, 0.5]);
});

test("small gradients and those of norm 0 are not clipped", async () => {
  const { gradients, norm } = clipByGlobalNorm({ a: tf.tensor1d([0, 0]) }, 1);
  expect(Array.from(await gradients.a.data())).toEqual([0, 0]);
  expect((await norm.data())[0]).toBe(0);
});

test("options out of range are refused with their value", () => {
  expect(() => sgd({ learningRate: -1 })).toThrow(
    new ArgumentError("sgd: learningRate is -1; a finite number >= 0 was expected", {
      argument: "learningRate",
      value: -1,
    }),
  );
  expect(() => sgd({ learningRate: 1, nesterov: true })).toThrow(/nesterov is true and momentum is 0/);
  expect(() => adamw({ beta2: 1 })).toThrow(/beta2 is 1; a finite number >= 0 and < 1/);
  expect(() => lars({ learningRate: 1, trustCoefficient: 0 })).toThrow(/trustCoefficient is 0/);
  expect(() => sgd({ learningRate: 1, groups: [{ parameters: [], weightDecay: -2 }] })).toThrow(
    /groups\[0\]\.weightDecay is -2/,
  );
  expect(() => accumulate(adamw(), { steps: 0 })).toThrow(/steps is 0/);
  expect(() => clipByGlobalNorm({}, 0)).toThrow(/maxNorm is 0/);
  expect(() => adamw().applyGradients({ nowhere: tf.scalar(1) })).toThrow(/gradients holds "nowhere"/);
});
