import { LabError, ShapeError } from "@lab/core";
import { solve } from "@lab/core/linalg";
import { Generator } from "@lab/core/random";
import { expectClose, numericalGradient } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { GaussianPrior } from "../src/index.js";

// The case of the specification: P = 12, K = 3, s = 2, floor = 0.01; values of a dense normal in double precision.
const P = 12;
const K = 3;
const at = <T>(length: number, f: (i: number) => T): T[] => Array.from({ length }, (_, i) => f(i));
const d = at(P, (i) => 0.1 + 0.05 * i);
const U = at(K, (j) => at(P, (i) => Math.sin(1.3 * i + 0.7 * j) / 2));
const mu = at(P, (i) => 0.1 * i);
const w = at(P, (i) => Math.cos(i));
const S = 2;
const FLOOR = 0.01;

const unscaled = () =>
  GaussianPrior.from({ mean: tf.tensor1d(mu), variance: tf.tensor1d(d), deviations: tf.tensor2d(U) });
const golden = () => unscaled().scale(S, { floor: FLOOR });

/** The covariance, dense, in double precision. */
function denseCovariance(diagonal: (i: number) => number, factor: number): number[][] {
  return at(P, (i) =>
    at(P, (j) => factor * U.reduce((sum, row) => sum + row[i]! * row[j]!, 0) + (i === j ? diagonal(i) : 0)),
  );
}

/** Quadratic form and log determinant by Gaussian elimination. */
function dense(matrix: number[][], z: number[]): { quadratic: number; logDeterminant: number } {
  const a = matrix.map((row, i) => [...row, z[i]!]);
  let logDeterminant = 0;
  for (let k = 0; k < P; k++) {
    logDeterminant += Math.log(a[k]![k]!);
    for (let i = k + 1; i < P; i++) {
      const f = a[i]![k]! / a[k]![k]!;
      for (let j = k; j <= P; j++) a[i]![j]! -= f * a[k]![j]!;
    }
  }
  const x = new Array<number>(P).fill(0);
  for (let i = P - 1; i >= 0; i--) {
    let sum = a[i]![P]!;
    for (let j = i + 1; j < P; j++) sum -= a[i]![j]! * x[j]!;
    x[i] = sum / a[i]![i]!;
  }
  return { quadratic: x.reduce((sum, value, i) => sum + value * z[i]!, 0), logDeterminant };
}

const ours = denseCovariance((i) => (S * d[i]!) / 2 + FLOOR, S);
const difference = w.map((value, i) => value - mu[i]!);

test("quadratic form, log determinant and log density are those of the dense normal", async () => {
  const prior = golden();
  await expectClose(prior.quadratic(tf.tensor1d(w)), 28.816078, { relative: 1e-5 });
  await expectClose(prior.logDeterminant(), -7.564239, { relative: 1e-5 });
  await expectClose(prior.logProb(tf.tensor1d(w)), -21.653182, { relative: 1e-5 });
  const reference = dense(ours, difference);
  expect(reference.quadratic).toBeCloseTo(28.816078, 6);
  expect(reference.logDeterminant).toBeCloseTo(-7.564239, 6);
});

test("without constants the log density is minus half the quadratic form", async () => {
  await expectClose(golden().logProb(tf.tensor1d(w), { constants: false }), -28.816078 / 2, {
    relative: 1e-5,
  });
});

test("the gradient is the closed form and that of central differences", async () => {
  const prior = golden();
  const gradient = await tf
    .grad((x) => prior.logProb(x as tf.Tensor1D))(tf.tensor1d(w))
    .data();
  await expectClose([gradient[0]!, gradient[5]!, gradient[11]!], [-5.348744, 2.003408, 2.273937], {
    relative: 1e-5,
  });
  const numerical = numericalGradient(
    (x) =>
      -dense(
        ours,
        Array.from(x, (value, i) => value - mu[i]!),
      ).quadratic / 2,
    w,
  );
  await expectClose(gradient, numerical, { relative: 1e-4, absolute: 1e-5 });
});

test("the gradient scales with what comes from above and passes through a set in the order of the layout", async () => {
  const layout = {
    entries: [
      { name: "a", shape: [3, 2] },
      { name: "b", shape: [6] },
    ],
  };
  const prior = GaussianPrior.from({
    mean: tf.tensor1d(mu),
    variance: tf.tensor1d(d),
    deviations: tf.tensor2d(U),
    layout,
  }).scale(S, { floor: FLOOR });
  const a = tf.variable(tf.tensor2d(w.slice(0, 6), [3, 2]), true, "layout-a");
  const b = tf.variable(tf.tensor1d(w.slice(6)), true, "layout-b");
  const set = new Map<string, tf.Tensor>([
    ["a", a],
    ["b", b],
  ]);
  const { value, grads } = tf.variableGrads(() => tf.mul(prior.logProb(set), 3) as tf.Scalar, [a, b]);
  await expectClose(value, 3 * -21.653182, { relative: 1e-5 });
  expect(grads["layout-a"]!.shape).toEqual([3, 2]);
  await expectClose((await grads["layout-a"]!.data())[5]!, 3 * 2.003408, { relative: 1e-4 });
  await expectClose((await grads["layout-b"]!.data())[5]!, 3 * 2.273937, { relative: 1e-5 });
  tf.dispose([a, b]);
});

test("a prior without deviations is a diagonal normal", async () => {
  const flat = tf.tensor1d(w);
  const variance = d.map((value) => (S * value) / 2 + FLOOR);
  const expected = variance.reduce(
    (sum, v, i) => sum - 0.5 * (difference[i]! ** 2 / v + Math.log(2 * Math.PI * v)),
    0,
  );
  await expectClose(golden().diagonalOnly().logProb(flat), expected, { relative: 1e-5 });
  const diagonal = GaussianPrior.from({ mean: tf.tensor1d(mu), variance: tf.tensor1d(d) }).scale(S, {
    floor: FLOOR,
  });
  await expectClose(diagonal.logProb(flat), expected, { relative: 1e-5 });
  expect([golden().rank, golden().diagonalOnly().rank, diagonal.rank]).toEqual([3, 0, 0]);
});

test("truncation keeps the last deviations", async () => {
  const kept = GaussianPrior.from({
    mean: tf.tensor1d(mu),
    variance: tf.tensor1d(d),
    deviations: tf.tensor2d(U.slice(1)),
  }).scale(S, { floor: FLOOR });
  const truncated = golden().truncate(2);
  expect(truncated.rank).toBe(2);
  await expectClose(truncated.logProb(tf.tensor1d(w)), await kept.logProb(tf.tensor1d(w)).data());
});

test("the reference convention scales the low-rank part by the square", async () => {
  const matrix = denseCovariance((i) => S * d[i]! + FLOOR, S * S);
  const { quadratic, logDeterminant } = dense(matrix, difference);
  const prior = unscaled().scale(S, { floor: FLOOR, convention: "reference" });
  await expectClose(prior.quadratic(tf.tensor1d(w)), quadratic, { relative: 1e-5 });
  await expectClose(prior.logDeterminant(), logDeterminant, { relative: 1e-5 });
});

test("scales are counted from the moments, and a huge one lets go", async () => {
  const twice = golden().scale(50).scale(S, { floor: FLOOR });
  await expectClose(twice.quadratic(tf.tensor1d(w)), 28.816078, { relative: 1e-5 });
  const loose = unscaled().scale(1e12);
  const gradient = await tf
    .grad((x) => loose.logProb(x as tf.Tensor1D))(tf.tensor1d(w))
    .data();
  expect(Math.max(...Array.from(gradient, Math.abs))).toBeLessThan(1e-8);
});

test("50 000 draws have the mean and the covariance of the prior, every entry within five standard errors", async () => {
  const prior = GaussianPrior.from({
    mean: tf.tensor1d(mu.slice(0, 4)),
    variance: tf.tensor1d(d.slice(0, 4)),
    deviations: tf.tensor2d(U.map((row) => row.slice(0, 4))),
  }).scale(S, { floor: FLOOR });
  const generator = new Generator(3);
  const count = 50_000;
  const mean = new Float64Array(4);
  const second = new Float64Array(16);
  for (let n = 0; n < count; n++) {
    const draw = prior.sample(generator);
    const [tensor] = draw.values();
    const z = Array.from(await tensor!.data(), (value, i) => value - mu[i]!);
    tensor!.dispose();
    for (let i = 0; i < 4; i++) {
      mean[i]! += z[i]! / count;
      for (let j = 0; j < 4; j++) second[4 * i + j]! += (z[i]! * z[j]!) / count;
    }
  }
  for (let i = 0; i < 4; i++) {
    expect(Math.abs(mean[i]!)).toBeLessThan(5 * Math.sqrt(ours[i]![i]! / count));
    for (let j = 0; j < 4; j++) {
      const error = Math.sqrt((ours[i]![i]! * ours[j]![j]! + ours[i]![j]! ** 2) / count);
      expect(Math.abs(second[4 * i + j]! - ours[i]![j]!)).toBeLessThan(5 * error);
    }
  }
});

test("the same generator state gives the same draw", async () => {
  const prior = golden();
  const [first] = prior.sample(new Generator(1)).values();
  const [second] = prior.sample(new Generator(1)).values();
  expect([...(await first!.data())]).toEqual([...(await second!.data())]);
});

test("log(det(I + ΣG)) is that of the dense matrices", async () => {
  const g = at(P, (i) => 0.3 + 0.2 * Math.sin(i) ** 2);
  const matrix = ours.map((row, i) =>
    row.map((value, j) => Math.sqrt(g[i]! * g[j]!) * value + (i === j ? 1 : 0)),
  );
  const { logDeterminant } = dense(matrix, difference);
  await expectClose(golden().logOccam(new Map([["parameters", tf.tensor1d(g)]])), logDeterminant, {
    relative: 1e-5,
  });
});

test("long sums keep 1e-5 relative accuracy in float32", async () => {
  const size = 2_000_003;
  const mean = new Float32Array(size);
  const variance = new Float32Array(size).map((_, i) => 2 * (1 + (i % 7)));
  const value = new Float32Array(size).map((_, i) => Math.fround(1 + (i % 13) / 10));
  const prior = GaussianPrior.from({ mean, variance });
  let expected = 0;
  for (let i = 0; i < size; i++) expected += (2 * value[i]! ** 2) / variance[i]!;
  await expectClose(prior.quadratic(tf.tensor1d(value)), expected, { relative: 1e-5, absolute: 0 });
});

test("density and gradient need two floats a parameter beyond the prior's own, in the pieces of large tensors too", async () => {
  const sizes = [2 ** 18 + 7, 2 ** 19, 2 ** 19 + 1, 2 ** 19, 2 ** 19, 2 ** 18];
  const size = sizes.reduce((sum, n) => sum + n, 0);
  const layout = { entries: sizes.map((n, i) => ({ name: `${i}`, shape: [n] })) };
  // The deviations touch three places in different pieces, which leaves a small dense problem: half the variance is 1.
  const places = [5, 2 ** 18 + 3, size - 2];
  const rows = [
    [0.5, -1, 0.25],
    [1, 0.5, -0.5],
  ];
  const deviations = new Float32Array(2 * size);
  for (const [k, row] of rows.entries())
    for (const [j, place] of places.entries()) deviations[k * size + place] = row[j]!;
  const moments = { mean: new Float32Array(size), variance: new Float32Array(size).fill(2) };
  const factors = tf.tensor2d(deviations, [2, size]);
  const prior = GaussianPrior.from({ ...moments, deviations: factors, layout });
  factors.dispose();
  const w = new Map(layout.entries.map(({ name, shape }) => [name, tf.variable(tf.ones(shape))]));
  const term = () => tf.variableGrads(() => prior.logProb(w), [...w.values()]);
  const first = term();
  const flat = tf.concat(Object.values(first.grads)) as tf.Tensor1D;
  const z = tf.tensor2d(rows);
  // (I + UᵀU)⁻¹ of the three places by Woodbury.
  const inner = solve(
    tf.add(tf.eye(2), tf.matMul(z, z, false, true)) as tf.Tensor2D,
    tf.matMul(z, tf.ones([3, 1])),
  );
  const touched = tf.neg(tf.sub(1, tf.reshape(tf.matMul(z, inner, true), [-1])));
  await expectClose(tf.gather(flat, places), touched, { relative: 1e-5 });
  await expectClose(tf.slice(flat, [6], [100]), tf.fill([100], -1), { relative: 1e-6 });
  tf.dispose([first.value, first.grads, flat]);
  const before = tf.memory().numBytes;
  const { peakBytes } = await tf.profile(() => term().value);
  expect((peakBytes - before) / 4 / size).toBeLessThan(2);
});

test("sizes, scales and ranks out of place are refused with what they were", () => {
  expect(() => GaussianPrior.from({ mean: tf.tensor1d([1, 2]), variance: tf.tensor1d([1]) })).toThrow(
    "GaussianPrior.from: variance has shape [1]; [2] was expected",
  );
  expect(() =>
    GaussianPrior.from({
      mean: tf.tensor1d([1]),
      variance: tf.tensor1d([1]),
      deviations: tf.tensor2d([[1]]),
    }),
  ).toThrow("deviations has 1 row");
  const two = Float32Array.of(1, 2);
  const wrong = { array: [1, 2], nothing: undefined } as never as Record<string, Float32Array>;
  expect(() => GaussianPrior.from({ mean: wrong.array!, variance: two })).toThrow("mean is an array");
  expect(() => GaussianPrior.from({ mean: two, variance: wrong.nothing! })).toThrow("variance is undefined");
  expect(() => GaussianPrior.from({ mean: Float32Array.of(1, Number.NaN), variance: two })).toThrow(
    "mean[1] is NaN",
  );
  expect(() => GaussianPrior.from({ mean: two, variance: Float32Array.of(-1, 1) })).toThrow(
    "variance[0] is -1",
  );
  expect(() => golden().scale(0)).toThrow("s is 0; a finite number > 0 was expected");
  expect(() => golden().scale(1, { floor: -1 })).toThrow("floor is -1");
  expect(() => golden().scale(1, { convention: "theirs" as never })).toThrow('convention is "theirs"');
  expect(() => golden().truncate(4)).toThrow("rank is 4");
  expect(() => golden().logProb(tf.tensor1d([1]))).toThrow(ShapeError);
});

test("a parameter of another shape is named", () => {
  const layout = {
    entries: [
      { name: "kernel", shape: [2, 2] },
      { name: "bias", shape: [2] },
    ],
  };
  const prior = GaussianPrior.from({
    mean: new Float32Array(6),
    variance: new Float32Array(6).fill(1),
    layout,
  });
  const set = new Map<string, tf.Tensor>([
    ["kernel", tf.zeros([2, 2])],
    ["bias", tf.zeros([3])],
  ]);
  expect(() => prior.logProb(set)).toThrow("parameter 1 of parameters is bias [3]; bias [2] was expected");
});

test("nothing leaks, and moments live as long as a prior that uses them", async () => {
  const before = tf.memory().numTensors;
  const x = tf.tensor1d(w);
  const [mean, variance, deviations] = [tf.tensor1d(mu), tf.tensor1d(d), tf.tensor2d(U)];
  const base = GaussianPrior.from({ mean, variance, deviations });
  const scaled = base.scale(S, { floor: FLOOR });
  tf.dispose([mean, variance, deviations]);
  base.dispose();
  const value = scaled.logProb(x);
  const after = tf.memory().numTensors;
  scaled.logProb(x).dispose();
  tf.grad((y) => scaled.logProb(y as tf.Tensor1D))(x).dispose();
  expect(tf.memory().numTensors).toBe(after);
  for (const tensor of scaled.sample(new Generator(1)).values()) tensor.dispose();
  await scaled.precisionRange();
  scaled.dispose();
  expect(() => scaled.logProb(x)).toThrow(LabError);
  tf.dispose([x, value]);
  expect(tf.memory().numTensors).toBe(before);
});
