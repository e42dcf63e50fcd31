import { clusterAccuracy } from "@lab/core/metrics";
import { Generator } from "@lab/core/random";
import { expectClose, gaussians } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import {
  checkMembership,
  clusterFeatures,
  codingRate,
  codingRateReduction,
  gumbelSoftmax,
  idealRateReduction,
  nmceLoss,
  totalCodingRate,
} from "../src/index.js";
import { fill, filled, unitRows } from "./reference/fill.js";

const units = (n: number, d: number, phi: number) =>
  tf.tensor2d(Float32Array.from(unitRows(fill(n, d, phi), d)), [n, d]);
const Z = () => units(8, 4, 0);
const simplex = () => {
  const e = fill(8, 3, 0.9).map(Math.exp);
  for (let i = 0; i < 24; i += 3) {
    const sum = e[i]! + e[i + 1]! + e[i + 2]!;
    for (let k = 0; k < 3; k++) e[i + k]! /= sum;
  }
  return tf.tensor2d(Float32Array.from(e), [8, 3]);
};
const near = { relative: 2e-6, absolute: 2e-6 };
const o = { epsilonSquared: 0.5 };

// Values and gradients of float64 automatic differentiation in PyTorch.
test.each(["cholesky", "newtonSchulz"] as const)("rates have the reference values by %s", async (method) => {
  const tolerance = method === "cholesky" ? near : { relative: 1e-5, absolute: 1e-5 };
  const { rate, compressed, reduction } = codingRateReduction(Z(), simplex(), { ...o, method });
  await expectClose(rate, 1.7740431537, tolerance);
  await expectClose(compressed, 1.7465745208, tolerance);
  await expectClose(reduction, 0.0274686329, { absolute: 1e-5 });
  const labels = tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], "int32");
  await expectClose(
    codingRateReduction(Z(), labels, { ...o, method, numClasses: 3 }).compressed,
    1.4750758957,
    tolerance,
  );
  await expectClose(codingRate(units(4, 3, 0), { method }), 2.2066972871, tolerance);
  await expectClose(codingRate(units(4, 3, 0.4), { method }), 2.1681023742, tolerance);
  const [dz, dpi] = tf.grads(
    (z, p) => codingRateReduction(z as tf.Tensor2D, p as tf.Tensor2D, { ...o, method }).reduction,
  )([Z(), simplex()]);
  await expectClose(
    tf.slice(dz!, [0, 0], [1, 4]),
    [0.0185388158, -0.0140392544, 0.0009533178, -0.0137455004],
    { absolute: 3e-6 },
  );
  await expectClose(tf.slice(dpi!, [0, 0], [1, 3]), [-0.2115834775, -0.2665479786, -0.2385287298], {
    relative: 1e-5,
    absolute: 3e-6,
  });
});

test("the gradient of the rate alone is that of the reduction's first part", async () => {
  const direct = tf.grad((z) => codingRate(z as tf.Tensor2D, o))(Z());
  const part = tf.grad((z) => codingRateReduction(z as tf.Tensor2D, simplex(), o).rate)(Z());
  await expectClose(direct, part, { absolute: 1e-6 });
});

test("wide rows give the rate of the tall formula", async () => {
  await expectClose(
    codingRate(units(3, 7, 0.2)),
    codingRateReduction(units(3, 7, 0.2), tf.ones([3, 1]) as tf.Tensor2D).rate,
    near,
  );
});

test("isotropic, rank-one and orthogonal clusters give their closed forms", async () => {
  const e = { epsilonSquared: 0.01 };
  await expectClose(codingRate(tf.eye(6), e), 13.8453615505, near);
  const same = tf.tile(tf.tensor2d([1, 0, 0, 0, 0, 0], [1, 6]), [5, 1]) as tf.Tensor2D;
  await expectClose(codingRate(same, e), 3.1992974673, near);
  const labels = tf.tensor1d([0, 0, 0, 1, 1, 1], "int32");
  await expectClose(
    codingRateReduction(tf.eye(6), labels, { ...e, numClasses: 2 }).reduction,
    5.8904041884,
    near,
  );
  expect(idealRateReduction({ dim: 6, numClusters: 2, epsilonSquared: 0.01 })).toBeCloseTo(5.8904041884, 9);
  expect(idealRateReduction({ dim: 128, numClusters: 10, epsilonSquared: 0.2 })).toBeCloseTo(89.5089, 4);
});

test("the ideal is the largest for clusters of equal size alone", async () => {
  const options = { epsilonSquared: 0.01, numClasses: 2 };
  const ideal = idealRateReduction({ dim: 6, numClusters: 2, epsilonSquared: 0.01 });
  const reduction = async (rowsOn: number[]) => {
    // Dimensions 0 to 3 are the first cluster.
    const axes = Int32Array.from(rowsOn.flatMap((count, axis) => Array<number>(count).fill(axis)));
    const z = tf.cast(tf.oneHot(tf.tensor1d(axes, "int32"), 6), "float32") as tf.Tensor2D;
    const labels = tf.tensor1d(
      axes.map((axis) => (axis < 4 ? 0 : 1)),
      "int32",
    );
    return (await codingRateReduction(z, labels, options).reduction.data())[0]!;
  };
  expect(await reduction([6, 6, 6, 6, 12, 12])).toBeLessThan(0.99 * ideal);
  // 0.4 of the rows on four dimensions, 0.6 on two.
  const closed =
    4 * (0.5 * Math.log(1 + 60) - 0.2 * Math.log(1 + 150)) +
    2 * (0.5 * Math.log(1 + 180) - 0.3 * Math.log(1 + 300));
  expect(closed / ideal).toBeGreaterThan(1.01);
  expect(await reduction([6, 6, 6, 6, 18, 18])).toBeCloseTo(closed, 4);
});

test("the reduction is not negative, 0 for uniform memberships, and free of rotation and order", async () => {
  const z = units(30, 4, 0.3);
  const uniform = tf.fill([30, 3], 1 / 3) as tf.Tensor2D;
  await expectClose(codingRateReduction(z, uniform).reduction, 0, { absolute: 5e-6 });
  const [s, c] = [Math.sin(0.7), Math.cos(0.7)];
  const rotation = tf.tensor2d([c, -s, 0, 0, s, c, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0], [4, 4]);
  for (const seed of [1, 2, 3]) {
    const pi = tf.softmax(tf.tensor2d(Float32Array.from(gaussians(90, seed)), [30, 3])) as tf.Tensor2D;
    const { reduction } = codingRateReduction(z, pi);
    expect((await reduction.data())[0]).toBeGreaterThan(0);
    await expectClose(
      codingRateReduction(tf.matMul(z, rotation), tf.reverse(pi, 1) as tf.Tensor2D).reduction,
      reduction,
      {
        absolute: 1e-5,
      },
    );
  }
});

test("an empty cluster keeps value and gradients finite", async () => {
  const pi = tf.concat([tf.ones([8, 1]), tf.zeros([8, 1])], 1) as tf.Tensor2D;
  const { value, grads } = tf.valueAndGrads(
    (z, p) => codingRateReduction(z as tf.Tensor2D, p as tf.Tensor2D).reduction,
  )([Z(), pi]);
  for (const t of [value, ...grads]) expect([...(await t.data())].every(Number.isFinite)).toBe(true);
});

test("Gumbel samples lie on the simplex and follow the probabilities", async () => {
  const logits = tf.tile(tf.log(tf.tensor2d([0.2, 0.3, 0.5], [1, 3])), [4000, 1]) as tf.Tensor2D;
  const sample = gumbelSoftmax(logits, { temperature: 0.05, generator: new Generator(3) });
  await expectClose(tf.sum(sample, 1), new Float32Array(4000).fill(1), { absolute: 1e-5 });
  await expectClose(tf.mean(sample, 0), [0.2, 0.3, 0.5], { absolute: 0.03 });
  const hard = gumbelSoftmax(logits, { temperature: 1, generator: new Generator(3), straightThrough: true });
  await expectClose(tf.max(hard, 1), new Float32Array(4000).fill(1), { absolute: 1e-6 });
});

test("the loss of manifold clustering is made of its parts", async () => {
  const generator = new Generator(1);
  const loss = nmceLoss(
    { z: [filled(6, 3, 0), filled(6, 3, 0.3)], logits: [filled(6, 2, 1), filled(6, 2, 2)] },
    { constraint: 4, gumbelTemperature: 0.5, generator },
  );
  await expectClose(loss.total, tf.neg(tf.add(loss.reduction, tf.mul(loss.similarity, 4))), near);
  await expectClose(tf.sum(loss.membership, 1), new Float32Array(6).fill(1), near);
  const [a, b] = [units(6, 3, 0), units(6, 3, 0.3)];
  const cosine = tf.mean(tf.sum(tf.mul(a, b), 1));
  await expectClose(loss.similarity, cosine, near);
  const tcr = tf.neg(tf.add(tf.mul(tf.add(codingRate(a), codingRate(b)), 0.5), tf.mul(cosine, 4)));
  await expectClose(totalCodingRate(filled(6, 3, 0), filled(6, 3, 0.3), { constraint: 4 }), tcr, near);
});

test("orthogonal planes are found without labels", async () => {
  const noise = gaussians(240 * 4, 5);
  const labels = Int32Array.from({ length: 240 }, (_, i) => i % 2);
  const x = Float32Array.from(noise, (v, at) => {
    const [row, column] = [Math.floor(at / 4), at % 4];
    return Math.floor(column / 2) === labels[row] ? v : 0.02 * v;
  });
  // Squared coordinates tell the planes apart linearly.
  const features = tf.tensor2d(Float32Array.from([...x].flatMap((v) => [v, Math.abs(v)])), [240, 8]);
  const result = await clusterFeatures(features, {
    numClusters: 2,
    dim: 4,
    restarts: 2,
    steps: 150,
    learningRate: 0.02,
    seed: 1,
  });
  expect(await clusterAccuracy(result.labels, labels)).toBeGreaterThan(0.95);
  expect(result.attempts).toHaveLength(2);
  expect(result.reductionRatio).toBe(Math.max(...result.attempts.map((a) => a.reductionRatio)));
  result.membership.dispose();
});

test("wrong arguments are refused and nothing is left behind", () => {
  expect(() => codingRate(Z(), { epsilonSquared: -0.1 })).toThrow(/codingRate: epsilonSquared is -0.1/);
  expect(() => codingRateReduction(Z(), tf.tensor1d([0, 1]), { numClasses: 2 })).toThrow(
    /\[8\] was expected/,
  );
  expect(() => codingRateReduction(Z(), tf.zeros([8]) as tf.Tensor1D)).toThrow(/numClasses/);
  const [z, pi] = [Z(), simplex()];
  const before = tf.memory().numTensors;
  for (let i = 0; i < 10; i++) {
    const result = tf.valueAndGrads(
      (a, b) => codingRateReduction(a as tf.Tensor2D, b as tf.Tensor2D).reduction,
    )([z, pi]);
    tf.dispose([result.value, ...result.grads]);
    codingRate(z, { method: "newtonSchulz" }).dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
});

test("memberships that are no shares are named", async () => {
  await checkMembership(tf.softmax(filled(5, 3, 0)));
  const wrong = tf.tensor2d([0.5, 0.5, 1, 0, 0.25, 0.75, 0.2, 0.3], [4, 2]);
  await expect(checkMembership(wrong)).rejects.toThrow(
    "codingRateReduction: membership row 3 sums to 0.5; rows must sum to 1 (softmax the logits first)",
  );
  await expect(checkMembership(tf.tensor2d([1.5, -0.5], [1, 2]))).rejects.toThrow("sums to 1 and holds -0.5");
});
