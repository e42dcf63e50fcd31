import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { accumulate, adamw, clipByGlobalNorm, lars, sgd } from "../../src/optim/index.js";
import { expectClose } from "../../src/testing/index.js";

// PyTorch in double precision; made by test/reference/optim.py.
const reference = JSON.parse(readFileSync(new URL("../reference/optim.json", import.meta.url), "utf8")) as {
  x: number[][];
  y: number[][];
  w: number[][];
  b: number[];
  trajectories: Record<string, number[][]>;
};

function problem() {
  const [x, y] = [tf.tensor2d(reference.x), tf.tensor2d(reference.y)];
  const [w, b] = [tf.variable(tf.tensor2d(reference.w)), tf.variable(tf.tensor1d(reference.b))];
  const objective = () => {
    const z = tf.add(tf.matMul(x, w), b);
    const squares = tf.mean(tf.square(tf.sub(z, y)));
    return tf.add(squares, tf.div(tf.mean(tf.square(tf.square(z))), 10)) as tf.Scalar;
  };
  return { w, b, objective };
}

type Problem = ReturnType<typeof problem>;

async function follow(name: string, make: (p: Problem) => tf.Optimizer, clip?: number) {
  const p = problem();
  const optimizer = make(p);
  for (const [step, expected] of reference.trajectories[name]!.entries()) {
    tf.tidy(() => {
      const { grads } = optimizer.computeGradients(p.objective, [p.w, p.b]);
      optimizer.applyGradients(clip ? clipByGlobalNorm(grads, clip).gradients : grads);
    });
    expect(optimizer.iterations).toBe(step + 1);
    await expectClose([...(await p.w.data()), ...(await p.b.data())], expected, {
      relative: 0,
      absolute: 1e-5,
    });
  }
  optimizer.dispose();
}

test("twenty steps of gradient descent are PyTorch's", async () => {
  await follow("sgd", () => sgd({ learningRate: 0.1 }));
});

test("twenty steps with momentum, plain and Nesterov's, are PyTorch's", async () => {
  await follow("momentum", () => sgd({ learningRate: 0.05, momentum: 0.9 }));
  await follow("nesterov", () => sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }));
});

test("weight decay is decoupled by default and PyTorch's when it is not", async () => {
  await follow("decoupled", () => sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 0.1 }));
  await follow("coupled", () =>
    sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 0.1, decoupled: false }),
  );
});

test("twenty steps of AdamW with the defaults are PyTorch's", async () => {
  await follow("adamw", () => adamw({ learningRate: 0.1 }));
});

test("groups, by variables and by rule, have their own rate and decay", async () => {
  await follow("adamwGroups", ({ w, b }) =>
    adamw({
      learningRate: 0.1,
      groups: [
        { parameters: [w], learningRateScale: 0.5, weightDecay: 0.3 },
        { parameters: (name) => name === b.name, weightDecay: 0 },
      ],
    }),
  );
});

test("twenty steps of LARS are those of the published code", async () => {
  await follow("lars", () => lars({ learningRate: 0.2, weightDecay: 0.01, trustCoefficient: 0.1 }));
});

test("gradients clipped by their global norm lead where PyTorch's do", async () => {
  await follow("clipped", () => sgd({ learningRate: 0.1 }), 0.5);
});

test("accumulating the same gradient twice is one step with it", async () => {
  const p = problem();
  const optimizer = accumulate(sgd({ learningRate: 0.05, momentum: 0.9 }), { steps: 2 });
  for (const expected of reference.trajectories.momentum!) {
    for (let i = 0; i < 2; i++) optimizer.minimize(p.objective, false, [p.w, p.b]);
    await expectClose([...(await p.w.data()), ...(await p.b.data())], expected, {
      relative: 0,
      absolute: 1e-5,
    });
  }
  optimizer.dispose();
});
