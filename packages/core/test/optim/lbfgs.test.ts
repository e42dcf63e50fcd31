import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { lbfgs } from "../../src/optim/index.js";
import { expectClose } from "../../src/testing/index.js";

// PyTorch in double precision; made by test/reference/optim.py.
const reference = JSON.parse(readFileSync(new URL("../reference/optim.json", import.meta.url), "utf8"));

test("the iterates are those of PyTorch with the strong Wolfe search", async () => {
  const [x, y] = [tf.tensor2d(reference.x), tf.tensor2d(reference.y)];
  const [w, b] = [tf.variable(tf.tensor2d(reference.w)), tf.variable(tf.tensor1d(reference.b))];
  const golden = reference.trajectories.lbfgs as number[][];
  for (const [i, expected] of golden.entries()) {
    w.assign(tf.tensor2d(reference.w));
    b.assign(tf.tensor1d(reference.b));
    const found = await lbfgs({ variables: [w, b], history: 5, maxIterations: i + 1 }).minimize(() => {
      const z = tf.add(tf.matMul(x, w), b);
      const squares = tf.mean(tf.square(tf.sub(z, y)));
      return tf.add(squares, tf.div(tf.mean(tf.square(tf.square(z))), 10));
    });
    expect(found.iterations).toBeLessThanOrEqual(i + 1);
    await expectClose([...(await w.data()), ...(await b.data())], expected, { relative: 0, absolute: 1e-5 });
  }
});

const rosenbrock = (w: tf.Variable) => () => {
  const [a, b] = tf.split(w, 2) as [tf.Tensor, tf.Tensor];
  return tf.sum(tf.add(tf.square(tf.sub(1, a)), tf.mul(100, tf.square(tf.sub(b, tf.square(a))))));
};

test("the bottom of a curved valley is found, and nothing leaks", async () => {
  const w = tf.variable(tf.tensor1d([-1.2, 1]));
  const count = tf.memory().numTensors;
  const losses: number[] = [];
  const found = await lbfgs({ variables: [w], onIteration: ({ loss }) => losses.push(loss) }).minimize(
    rosenbrock(w),
  );
  expect(tf.memory().numTensors).toBe(count);
  await expectClose(w, [1, 1], { absolute: 1e-3 });
  expect(found.loss).toBeLessThan(1e-6);
  expect(losses.length).toBe(found.iterations);
  for (let i = 1; i < losses.length; i++) expect(losses[i]!).toBeLessThanOrEqual(losses[i - 1]!);
});

test("it ends at once at a minimum and when there is nothing to move along", async () => {
  const w = tf.variable(tf.tensor1d([1, 1]));
  expect(await lbfgs({ variables: [w] }).minimize(rosenbrock(w))).toMatchObject({
    reason: "gradient",
    iterations: 0,
    evaluations: 1,
  });
});

test("an abort leaves the variables at the best point and throws the reason", async () => {
  const w = tf.variable(tf.tensor1d([-1.2, 1]));
  const controller = new AbortController();
  let loss = Number.NaN;
  const run = lbfgs({
    variables: [w],
    signal: controller.signal,
    onIteration: (progress) => {
      loss = progress.loss;
      if (progress.iteration === 3) controller.abort(new Error("enough"));
    },
  }).minimize(rosenbrock(w));
  await expect(run).rejects.toThrow("enough");
  await expectClose(rosenbrock(w)(), [loss], { relative: 1e-4 });
});

test("a start that is not finite and options out of range are refused", async () => {
  const w = tf.variable(tf.tensor1d([Number.NaN, 1]));
  await expect(lbfgs({ variables: [w] }).minimize(rosenbrock(w))).rejects.toThrow(
    "lbfgs: the loss is NaN at the start; a finite value was expected",
  );
  await expect(lbfgs({ variables: [] }).minimize(rosenbrock(w))).rejects.toThrow("lbfgs: variables is empty");
  expect(() => lbfgs({ maxIterations: 0 })).toThrow(
    "lbfgs: maxIterations is 0; an integer >= 1 was expected",
  );
  expect(() => lbfgs({ history: 0.5 })).toThrow(/history is 0.5/);
  expect(() => lbfgs({ gradientTolerance: -1 })).toThrow(/gradientTolerance is -1/);
});
