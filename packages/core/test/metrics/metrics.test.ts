import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/errors/index.js";
import { bestAssignment } from "../../src/metrics/hungarian.js";
import {
  accuracy,
  ari,
  bootstrapInterval,
  brier,
  clusterAccuracy,
  confusionMatrix,
  ece,
  meanIoU,
  nll,
  nmi,
  perClassAccuracy,
  psnr,
  ssim,
  wilsonInterval,
} from "../../src/metrics/index.js";
import { Generator } from "../../src/random/index.js";
import { expectClose, mulberry32, numericalGradient } from "../../src/testing/index.js";

// Values of scikit-learn, scipy and kornia, made by reference/metrics.py.
const golden = JSON.parse(readFileSync(new URL("./reference/metrics.json", import.meta.url), "utf8"));

function uniforms(n: number, seed: number): Float64Array {
  const next = mulberry32(seed);
  return new Float64Array(n).map(() => next());
}

const N = 200;
const C = 5;
const logits = Float32Array.from(uniforms(N * C, 1), (u) => 6 * u);
const best = Array.from({ length: N }, (_, i) => {
  const row = logits.subarray(i * C, (i + 1) * C);
  return row.indexOf(Math.max(...row));
});
const keep = uniforms(N, 3);
const truth = Array.from(uniforms(N, 2), (u, i) => (keep[i]! < 0.6 ? best[i]! : Math.floor(u * C)));
const scores = () => tf.tensor2d(logits, [N, C]);

test("accuracy, confusion and overlap agree with scikit-learn, from classes and from scores", async () => {
  for (const predictions of [best, scores(), tf.tensor1d(best, "int32")]) {
    expect(await accuracy(predictions, truth)).toBeCloseTo(golden.accuracy, 12);
    expect(await confusionMatrix(predictions, tf.tensor1d(truth, "int32"))).toEqual(golden.confusion);
    await expectClose(await perClassAccuracy(predictions, truth), golden.perClass, { relative: 1e-12 });
    expect(await meanIoU(predictions, truth)).toBeCloseTo(golden.iou, 12);
  }
});

test("probability scores agree with scikit-learn, from logits and from probabilities", async () => {
  const probabilities = tf.softmax(scores());
  for (const [values, options] of [
    [scores(), { from: "logits" }],
    [probabilities, {}],
  ] as const) {
    await expectClose(await nll(values, truth, options), golden.nll, { relative: 1e-6 });
    await expectClose(await brier(values, truth, options), golden.brier, { relative: 1e-6 });
    for (const bins of [10, 15]) {
      const width = await ece(values, truth, { ...options, bins });
      const count = await ece(values, truth, { ...options, bins, mass: "count" });
      await expectClose([width, count], [golden[`ece${bins}`], golden[`eceCount${bins}`]], {
        relative: 1e-5,
      });
    }
  }
  expect(await ece(probabilities, truth)).toBe(await ece(probabilities, truth, { bins: 15, mass: "width" }));
});

test("the likelihood of logits survives probabilities that float32 cannot hold", async () => {
  const extreme = tf.tensor2d([[0, 200]]);
  expect(await nll(extreme, [0], { from: "logits" })).toBeCloseTo(200, 5);
  expect(await nll(tf.tensor2d([[0, 1]]), [0])).toBe(Number.POSITIVE_INFINITY);
});

test("certain predictions are calibrated exactly when they are right", async () => {
  const certain = tf.tensor2d([
    [1, 0],
    [0, 1],
    [0, 1],
    [0, 1],
  ]);
  expect(await ece(certain, [0, 1, 1, 1])).toBe(0);
  expect(await ece(certain, [0, 1, 0, 0])).toBe(0.5);
  expect(await ece(certain, [0, 1, 1, 1], { mass: "count", bins: 9 })).toBe(0); // more bins than samples
});

const a = Array.from(uniforms(N, 4), (u) => Math.floor(u * 7));
const mixing = uniforms(N, 5);
const b = Array.from(uniforms(N, 6), (u, i) => (mixing[i]! < 0.5 ? a[i]! % 5 : Math.floor(u * 5)));

test("clusterings agree with scikit-learn and the optimal matching of scipy", async () => {
  expect(await clusterAccuracy(a, b)).toBeCloseTo(golden.clusters.accuracy, 12);
  expect(await clusterAccuracy(b, a)).toBeCloseTo(golden.clusters.accuracy, 12);
  expect(await ari(a, b)).toBeCloseTo(golden.clusters.ari, 12);
  for (const average of ["arithmetic", "geometric", "max", "min"] as const) {
    expect(await nmi(a, b, { average })).toBeCloseTo(golden.clusters[average], 12);
  }
  expect(await nmi(a, b)).toBe(await nmi(a, b, { average: "arithmetic" }));
});

test("assignments have scipy's total and no column twice", () => {
  for (const { rows, columns, seed, total } of golden.assignments) {
    const weights = uniforms(rows * columns, seed).map((u) => Math.floor(u * 50));
    const match = bestAssignment(weights, rows, columns);
    expect(new Set(match).size).toBe(rows);
    expect(match.reduce((sum, column, row) => sum + weights[row * columns + column]!, 0)).toBe(total);
  }
});

test("a greedy matching would be beaten", async () => {
  // Cluster 0 meets class 0 three times and class 1 twice, cluster 1 meets class 0 twice and nothing else.
  expect(await clusterAccuracy([0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0, 0])).toBeCloseTo(4 / 7, 12);
});

test("partition measures do not depend on names, and know equal and trivial partitions", async () => {
  const labels = fc.array(fc.tuple(fc.nat(4), fc.nat(3)), { minLength: 2, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(labels, async (pairs) => {
      const [u, v] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
      const renamed = u.map((x) => 100 - 7 * x);
      expect(await ari(renamed, v)).toBeCloseTo(await ari(u, v), 12);
      expect(await nmi(renamed, v)).toBeCloseTo(await nmi(u, v), 12);
      expect(await clusterAccuracy(renamed, v)).toBeCloseTo(await clusterAccuracy(u, v), 12);
      expect(await ari(u, renamed)).toBeCloseTo(1, 12);
      expect(await nmi(u, renamed)).toBeCloseTo(1, 12);
      expect(await clusterAccuracy(u, renamed)).toBe(1);
      expect(await clusterAccuracy(u, v)).toBeGreaterThanOrEqual(1 / 5);
    }),
    { seed: 2, numRuns: 50 },
  );
  expect(await ari([0, 0, 0], [1, 1, 1])).toBe(1);
  expect(await nmi([0, 0, 0], [0, 1, 2])).toBe(0);
});

test("void pixels and absent classes do not count", async () => {
  expect(await meanIoU([0, 1, 1, 3], [0, 1, 255, 255], { ignore: 255 })).toBe(1);
  expect(await meanIoU([0, 0, 1], [0, 0, 1], { numClasses: 9 })).toBe(1);
  expect([...(await perClassAccuracy([0, 2], [0, 2]))]).toEqual([1, Number.NaN, 1]);
});

test("Wilson's interval agrees with scipy", async () => {
  for (const [k, n, confidence, low, high] of golden.wilson) {
    const interval = wilsonInterval(k, n, { confidence });
    await expectClose([interval.low, interval.high], [low, high], { relative: 1e-9, absolute: 1e-12 });
    expect(interval.estimate).toBe(k / n);
  }
});

test("the bootstrap of a mean is the normal interval, and covers as often as it says", () => {
  const generator = new Generator(1);
  const sample = generator.normal64(400);
  const { estimate, low, high } = bootstrapInterval(sample, { generator });
  const error = Math.sqrt(sample.reduce((sum, x) => sum + (x - estimate) ** 2, 0)) / 400;
  expect(low).toBeCloseTo(estimate - 1.96 * error, 1);
  expect(high).toBeCloseTo(estimate + 1.96 * error, 1);
  let covered = 0;
  for (let trial = 0; trial < 200; trial++) {
    const interval = bootstrapInterval(generator.normal64(40), {
      generator,
      resamples: 200,
      confidence: 0.9,
    });
    if (interval.low <= 0 && interval.high >= 0) covered++;
  }
  expect(covered / 200).toBeGreaterThan(0.83);
  expect(covered / 200).toBeLessThan(0.96);
  const median = (values: Float64Array) => values.slice().sort()[values.length >> 1]!;
  expect(bootstrapInterval([1, 1, 1], { generator, statistic: median })).toEqual({
    estimate: 1,
    low: 1,
    high: 1,
  });
});

const pictures = () => {
  const x = Float32Array.from(uniforms(2 * 20 * 16 * 3, 20));
  const noise = uniforms(x.length, 21);
  // The noise enters in single precision where the reference rounds as well.
  const y = x.map((value, i) => Math.min(1, Math.max(0, value + 0.2 * (noise[i]! - 0.5))));
  const shape: [number, number, number, number] = [2, 20, 16, 3];
  return [tf.tensor4d(x, shape), tf.tensor4d(y, shape)] as const;
};

test("image quality agrees with numpy and kornia", async () => {
  const [x, y] = pictures();
  await expectClose(psnr(x, y), golden.psnr, { relative: 1e-5 });
  await expectClose(ssim(x, y), golden.ssim, { relative: 1e-5 });
  await expectClose(ssim(x, y, { window: 7 }), golden.ssim7, { relative: 1e-5 });
  await expectClose(ssim(x, x), [1, 1], { relative: 1e-6 });
  await expectClose(
    psnr(tf.mul(x, 255) as tf.Tensor4D, tf.mul(y, 255) as tf.Tensor4D, { peak: 255 }),
    golden.psnr,
    {
      relative: 1e-5,
    },
  );
  expect(Array.from(await psnr(x, x).data())).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
});

test("structural similarity can be trained on", async () => {
  const start = Float32Array.from(uniforms(64, 40));
  const reference = tf.tensor4d(Float32Array.from(uniforms(64, 41)), [1, 8, 8, 1]);
  const value = (x: tf.Tensor) => tf.sum(ssim(x as tf.Tensor4D, reference, { window: 5 })) as tf.Scalar;
  const gradient = tf.grad(value)(tf.tensor4d(start, [1, 8, 8, 1]));
  const numeric = numericalGradient(
    (x) => tf.tidy(() => value(tf.tensor4d(Float32Array.from(x), [1, 8, 8, 1])).arraySync()),
    start,
    1e-2,
  );
  await expectClose(gradient, numeric, { relative: 0.02, absolute: 2e-4 });
});

test("the metrics leave no tensors behind", async () => {
  const [x, y] = pictures();
  const values = scores();
  const before = tf.memory().numTensors;
  await accuracy(values, truth);
  await nll(values, truth, { from: "logits" });
  await brier(values, truth, { from: "logits" });
  await ece(values, truth, { from: "logits" });
  tf.dispose([psnr(x, y), ssim(x, y)]);
  expect(tf.memory().numTensors).toBe(before);
});

test("what does not fit is refused with both numbers", async () => {
  await expect(accuracy([0, 1], [0])).rejects.toThrow(/2 entries and labels has 1/);
  await expect(accuracy([], [])).rejects.toThrow(ShapeError);
  await expect(accuracy([0.5], [0])).rejects.toThrow(/predictions\[0\] is 0.5/);
  await expect(confusionMatrix([0, 3], [0, 0], { numClasses: 3 })).rejects.toThrow(
    /numClasses is 3 and class 3/,
  );
  await expect(nll(scores(), truth)).rejects.toThrow(/from: "logits"/);
  await expect(brier(tf.tensor2d([[0.5, 0.5]]), [2])).rejects.toThrow(/labels\[0\] is 2/);
  await expect(ece(tf.tensor2d([[0.5, 0.5]]), [0], { bins: 0 })).rejects.toThrow(ArgumentError);
  await expect(ari([0], [0, 1])).rejects.toThrow(ShapeError);
  expect(() => wilsonInterval(3, 2)).toThrow(/successes is 3/);
  expect(() => bootstrapInterval([], { generator: new Generator(1) })).toThrow(ArgumentError);
  const [x] = pictures();
  expect(() => ssim(x, x, { window: 17 })).toThrow(/window is 17/);
  expect(() => psnr(x, tf.zeros([2, 20, 16, 1]))).toThrow(ShapeError);
});
