import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import {
  augmentedMoments,
  convergenceCurve,
  covarianceSamplingError,
  samplesForCovariance,
  samplesForMean,
  samplesNeeded,
  shear,
  uniform,
} from "../src/index.js";
import { goldenImage, sum } from "./golden-image.js";

const image = () => tf.tensor3d(Float32Array.from(goldenImage(7, 6)), [7, 6, 1]);
const t = shear({ x: uniform(-0.4, 0.4) });

test("T8 counts", async () => {
  const m = { mean: 1, variance: 2 };
  expect(samplesNeeded(m, { relativeError: 0.01, bound: "normal" })).toBe(76830);
  expect(samplesNeeded(m, { relativeError: 0.01, bound: "chebyshev" })).toBe(400000);
  expect(samplesNeeded(m, { absoluteError: 0.1 })).toBe(200);
  expect(samplesNeeded({ mean: -3, variance: 9 }, { relativeError: 0.1 })).toBe(100);
  const moments = await augmentedMoments(image(), t);
  const close = { absolute: 2e-6, relative: 0 };
  await expectClose(await covarianceSamplingError(moments, 8), 0.795674, close);
  await expectClose((await moments.covariance.trace()) / 8, 0.30391, close);
  const norm = sum((await moments.mean.data()).map((value) => value * value));
  const trace = await moments.covariance.trace();
  expect(await samplesForMean(moments, { relativeError: 0.01 })).toBe(Math.ceil(trace / (1e-4 * norm)));
  expect(await samplesForMean(moments, { absoluteError: Math.sqrt(trace / 8) * 1.0001, bound: "rms" })).toBe(
    8,
  );
  for (const relativeError of [0.3, 0.05]) {
    const K = await samplesForCovariance(moments, { relativeError });
    const target = (relativeError * (await moments.covariance.frobeniusNorm())) ** 2;
    expect(await covarianceSamplingError(moments, K)).toBeLessThanOrEqual(target * (1 + 1e-9));
    expect(await covarianceSamplingError(moments, K - 1)).toBeGreaterThan(target);
  }
});

test("sampled covariances err as predicted", async () => {
  const moments = await augmentedMoments(image(), t);
  const dense = await (await moments.covariance.dense()).data();
  const generator = new Generator(1);
  const [repeats, K] = [600, 8];
  let error = 0;
  const theta = t.sample(repeats * K, generator);
  const views = await t
    .apply(tf.tile(tf.expandDims(image(), 0) as tf.Tensor4D, [repeats * K, 1, 1, 1]), theta)
    .data();
  for (let r = 0; r < repeats; r++) {
    const own = Array.from({ length: K }, (_, k) => views.subarray((r * K + k) * 42, (r * K + k + 1) * 42));
    const mean = Float64Array.from({ length: 42 }, (_, i) => sum(own.map((v) => v[i]!)) / K);
    for (let i = 0; i < 42; i++) {
      for (let j = 0; j < 42; j++) {
        let c = 0;
        for (const v of own) c += (v[i]! - mean[i]!) * (v[j]! - mean[j]!);
        error += (c / (K - 1) - dense[i * 42 + j]!) ** 2 / repeats;
      }
    }
  }
  // The specification's own simulation has a standard error of 1.6 %; this one is of the same size.
  expect(Math.abs(error / 0.795674 - 1)).toBeLessThan(0.1);
});

test("a sampled loss converges as predicted", async () => {
  const head = { weights: new Generator(3).normal([3, 42]) as tf.Tensor2D };
  const points = await convergenceCurve(head, image(), 0, t, {
    counts: [4, 64],
    repeats: 200,
    generator: new Generator(4),
  });
  expect(points.map(({ count }) => count)).toEqual([4, 64]);
  expect(points[0]!.predictedRms / points[1]!.predictedRms).toBeCloseTo(4, 6);
  for (const { predictedRms, observedRms } of points)
    expect(Math.abs(observedRms / predictedRms - 1)).toBeLessThan(0.25);
});

test("wrong input is named", async () => {
  expect(() => samplesNeeded({ mean: 0, variance: 1 }, { relativeError: 0.1 })).toThrow(
    "samplesNeeded: mean is 0; pass absoluteError",
  );
  expect(() => samplesNeeded({ mean: 1, variance: 1 }, {})).toThrow("exactly one was expected");
  expect(() => samplesNeeded({ mean: 1, variance: -1 }, { relativeError: 0.1 })).toThrow("variance is -1");
  const m = await augmentedMoments(image(), t);
  await expect(covarianceSamplingError(m, 1)).rejects.toThrow("covarianceSamplingError: count is 1");
});
