import { eighHost } from "@lab/core/linalg";
import { lars } from "@lab/core/optim";
import { expectClose, gaussians, numericalGradient } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { contrastiveGradient } from "../src/dynamics/linear-loss.js";
import {
  alignedSingularValues,
  alignmentMatrix,
  CovarianceAccumulator,
  contrastiveForce,
  rankMe,
  simulateLinear,
  simulateTwoLayers,
  spectrum,
} from "../src/index.js";
import { filled } from "./reference/fill.js";

test("spectrum and ranks have the reference values", async () => {
  const s = await spectrum(filled(8, 4, 0), { normalize: false });
  await expectClose(s.values, [0.98794004, 0.913121, 0.09807617, 0.01128006], {
    absolute: 1e-6,
    relative: 1e-6,
  });
  expect(s.rankMe).toBeCloseTo(3.2340944, 5);
  expect(s.effectiveRank).toBeCloseTo(2.4206229, 5);
  expect(s.participationRatio).toBeCloseTo(2.2212909, 5);
  expect(s.stableRank).toBeCloseTo(2.0374216, 5);
  expect(await rankMe(filled(8, 4, 0))).toBeCloseTo(3.2340944, 5);
  const other = await spectrum(filled(8, 4, 0), { normalize: false, unbiased: true, precision: "float32" });
  await expectClose(
    other.values,
    s.values.map((v) => (v * 8) / 7),
    { absolute: 1e-5 },
  );
});

test("batches, merges and duplicates do not change the spectrum", async () => {
  const all = new CovarianceAccumulator();
  const [left, right] = [new CovarianceAccumulator(), new CovarianceAccumulator()];
  const x = gaussians(60 * 4, 3);
  all.add(x, 4);
  left.add(x.subarray(0, 28), 4);
  await right.update(tf.tensor2d(Float32Array.from(x.subarray(28)), [53, 4]));
  left.merge(right);
  await expectClose((await spectrum(left)).values, (await spectrum(all)).values, { absolute: 1e-7 });
  const twice = new CovarianceAccumulator();
  twice.add(x, 4);
  twice.merge(all);
  expect((await spectrum(twice)).effectiveRank).toBeCloseTo((await spectrum(all)).effectiveRank, 10);
});

test("the force of the linear theory has the reference values", async () => {
  const [x, w] = [filled(6, 3, 0), filled(2, 3, 0.5)];
  const augmented = tf.add(x, tf.mul(filled(6, 3, 2), 0.3)) as tf.Tensor2D;
  const { loss, gradient, force, data, augmentation } = contrastiveForce(w, x, augmented);
  await expectClose(loss, 4.8417510653, { relative: 2e-6 });
  await expectClose(tf.slice(gradient, [0, 0], [1, 3]), [-0.91508878, -1.03840391, 0.77368724], {
    absolute: 5e-6,
  });
  await expectClose(tf.sub(data, augmentation), force, {});
  const values = eighHost(Float64Array.from(await force.data()), 3).values;
  await expectClose(values, [0.08795883, 0.92254193, 2.87029447], { absolute: 5e-6 });
  const automatic = tf.grad((v) => contrastiveForce(v as tf.Tensor2D, x, augmented).loss)(w);
  await expectClose(automatic, gradient, { absolute: 1e-5 });
});

test("layers of equal singular vectors are aligned", async () => {
  const second = tf.tensor2d([3, 0, 0, 2], [2, 2]);
  await expectClose(tf.abs(await alignmentMatrix(second, second)), [1, 0, 0, 1], { absolute: 1e-5 });
});

test.each(["dot", "euclidean"] as const)(
  "the %s loss of the simulator has the gradient of central differences",
  async (kind) => {
    const [x, y] = [gaussians(15, 1), gaussians(15, 2)];
    const w = gaussians(9, 3);
    const { gradient } = contrastiveGradient(w, x, y, 3, kind, 0.5);
    const expected = numericalGradient((v) => contrastiveGradient(v, x, y, 3, kind, 0.5).loss, w);
    await expectClose(gradient, expected, { relative: 1e-6, absolute: 1e-8 });
    if (kind === "euclidean") {
      const t = (v: Float64Array, n: number) => tf.tensor2d(Float32Array.from(v), [n, 3]);
      await expectClose(
        contrastiveForce(t(w, 3), t(x, 5), t(y, 5)).gradient,
        gradient.map((g) => 5 * g),
        { absolute: 1e-4 },
      );
    }
  },
);

test("strong augmentation shrinks its directions", () => {
  const common = {
    numLayers: 1,
    dim: 6,
    strongDims: 3,
    steps: 600,
    learningRate: 0.003,
    batchSize: 32,
    seed: 1,
  };
  const ratio = (noise: number) => {
    const s = simulateLinear({ ...common, noise }).embeddingSpectrum;
    return (s[3]! + s[4]! + s[5]!) / (s[0]! + s[1]! + s[2]!);
  };
  expect(ratio(3)).toBeLessThan(0.5 * ratio(0.01));
});

test("aligned singular values have the closed form of the flow", () => {
  const golden = alignedSingularValues({ first: 0.6, second: 0.4, eigenvalue: 1, time: 1 });
  expect(golden.first).toBeCloseTo(0.7704091644, 10);
  expect(golden.second).toBeCloseTo(0.6273199189, 10);
  // The flow itself, from diagonal layers, in both orders and balanced.
  for (const [a, b] of [
    [0.6, 0.4],
    [0.4, 0.6],
    [0.5, 0.5],
  ] as const) {
    const { first, singularValues } = simulateTwoLayers({
      first: Float64Array.of(a),
      second: Float64Array.of(b),
      force: Float64Array.of(1),
      dim: 1,
      untilNorm: 100,
      untilTime: 1,
    });
    const closed = alignedSingularValues({ first: a, second: b, eigenvalue: 1, time: 1 });
    expect(first[0]).toBeCloseTo(closed.first, 6);
    expect(singularValues[1][0]).toBeCloseTo(closed.second, 6);
  }
  expect(() => alignedSingularValues({ first: 1, second: 1, eigenvalue: 1, time: 0.5 })).toThrow(
    "the flow reaches infinity at 0.5",
  );
  const shrunk = alignedSingularValues({ first: 1, second: 0.5, eigenvalue: -1, time: 50 });
  expect(shrunk.second).toBeLessThan(1e-6);
  expect(shrunk.first).toBeCloseTo(Math.sqrt(0.75), 6);
});

test("two layers keep their invariant, and only their leading directions align before they diverge", () => {
  const dim = 6;
  const root = gaussians(dim * dim, 4);
  const force = Float64Array.from({ length: dim * dim }, (_, at) => {
    const [i, j] = [Math.floor(at / dim), at % dim];
    let sum = 0;
    for (let k = 0; k < dim; k++) sum += root[i * dim + k]! * root[j * dim + k]!;
    return sum / dim;
  });
  const small = (seed: number) => gaussians(dim * dim, seed).map((value) => 0.3 * value);
  const trace = simulateTwoLayers({ first: small(5), second: small(6), force, dim, untilNorm: 30 });
  expect(trace.drift).toBeLessThan(1e-8);
  expect(Math.abs(trace.alignment[0]!)).toBeGreaterThan(0.999);
  expect(Math.abs(trace.alignment[dim * dim - 1]!)).toBeLessThan(0.99);
  const size = trace.singularValues[0].reduce((sum, s) => sum + s * s, 0);
  const [a, b] = trace.singularValues.map((s) => s[0]! ** 2) as [number, number];
  expect(Math.abs(a - b) / size).toBeLessThan(1e-2);
});

test("LARS makes the steps of the reference", async () => {
  const weight = tf.variable(tf.tensor1d([3, 4]));
  const optimizer = lars({ learningRate: 1, weightDecay: 0.01, trustCoefficient: 1e-3, adapt: () => true });
  const expected = [
    [2.99662138, 4.00368577],
    [2.99020137, 4.01068942],
  ];
  for (const row of expected) {
    tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.tensor1d([0.3, -0.4]) }));
    await expectClose(weight, row, { absolute: 1e-6 });
  }
  tf.dispose(weight);
  optimizer.dispose();
});
