import { Generator } from "@lab/core/random";
import { expectClose, gaussians } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { linearEmbedding } from "../src/datasets/index.js";
import {
  affineHull,
  blockMean,
  centerCrop,
  compose,
  embedding,
  HullOutlierDetector,
  hullDistance,
  hullPenalty,
  minNormPoint,
  pca,
  randomProjection,
} from "../src/index.js";

describe("subspaces", () => {
  const image = Uint8Array.from({ length: 2 * 16 }, (_, i) => (7 * i) % 31);
  const array = { data: image, shape: [2, 16] as [number, number] };
  test("crops keep whole numbers, tensors agree with arrays", async () => {
    const crop = centerCrop({ shape: [4, 4, 1], size: 2 });
    const found = crop.apply(array);
    expect(found.data).toBeInstanceOf(Uint8Array);
    expect([...found.data.slice(0, 4)]).toEqual([5, 6, 9, 10].map((i) => image[i]));
    const tensor = tf.tensor2d(Float32Array.from(image), [2, 16]);
    await expectClose(crop.apply(tensor), Float64Array.from(found.data));
    const means = blockMean({ shape: [4, 4, 1], size: 2 });
    const mean = means.apply(array);
    expect(mean.data[0]).toBe((image[0]! + image[1]! + image[4]! + image[5]!) / 4);
    await expectClose(means.apply(tensor), mean.data);
    const both = compose(crop, randomProjection({ from: 4, to: 3, seed: 1, kind: "sign" }));
    await expectClose(both.apply(tensor), both.apply({ ...array, data: Float64Array.from(image) }).data, {
      absolute: 1e-4,
    });
    expect(both.dim).toBe(3);
  });
  test("principal components are uncorrelated with falling variance", async () => {
    const [n, d] = [400, 5];
    const x = gaussians(n * d, 1).map((v, i) => v * [3, 1, 0.1, 2, 0.5][i % d]!);
    const map = await pca({ data: x, shape: [n, d] }, { components: 3 });
    const y = map.apply({ data: x, shape: [n, d] as [number, number] }).data;
    const covariance = (a: number, b: number) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (y[i * 3 + a]! * y[i * 3 + b]!) / n;
      return sum;
    };
    expect(covariance(0, 0)).toBeGreaterThan(7);
    expect(covariance(1, 1)).toBeGreaterThan(3);
    expect(covariance(0, 0)).toBeGreaterThan(covariance(1, 1));
    expect(Math.abs(covariance(0, 1))).toBeLessThan(1e-10);
    expect(JSON.parse(JSON.stringify(map)).components).toBe(3);
  });
  test("a function embeds batch by batch without leaking", async () => {
    const before = tf.memory().numTensors;
    const embed = embedding((x) => tf.mul(x, 2), { batchSize: 3 });
    const result = await embed({ data: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8), shape: [4, 2] });
    expect([...result.data]).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
    expect(tf.memory().numTensors).toBe(before);
  });
  test("the affine hull of an embedded sample", async () => {
    const sample = linearEmbedding({ n: 50, intrinsic: 3, ambient: 8, generator: new Generator(1) });
    const { dim, basis, center, singularValues } = await affineHull(sample);
    expect(dim).toBe(3);
    expect(basis.shape).toEqual([8, 3]);
    await expectClose(tf.matMul(basis, basis, true), [1, 0, 0, 0, 1, 0, 0, 0, 1], { absolute: 1e-6 });
    expect(singularValues[3]!).toBeLessThan(1e-12 * singularValues[0]!);
    basis.dispose();
    center.dispose();
  });
});

describe("hullPenalty", () => {
  const [n, d, m] = [30, 3, 6];
  const x = gaussians(n * d, 1);
  const q = gaussians(m * d, 2).map((v) => 3 * v);
  const distanceOf = (i: number, points: Float64Array, query: Float64Array) => {
    const y = points.map((v, k) => v - query[i * d + (k % d)]!);
    return Math.hypot(...minNormPoint(y, n, d).point);
  };
  test("gradients agree with central differences of the float64 solver", async () => {
    const points = tf.tensor2d(Float32Array.from(x), [n, d]);
    const queries = tf.tensor2d(Float32Array.from(q), [m, d]);
    const { value, active } = await hullDistance(queries, points);
    const distances = await value.data();
    expect(Math.max(...distances)).toBeGreaterThan(1);
    await expectClose(hullPenalty(queries, points, active), distances, { absolute: 1e-5 });
    const [dq, dx] = tf.grads((a: tf.Tensor, b: tf.Tensor) =>
      tf.sum(hullPenalty(a as tf.Tensor2D, b as tf.Tensor2D, active)),
    )([queries, points]) as [tf.Tensor2D, tf.Tensor2D];
    const [gq, gx] = [await dq.data(), await dx.data()];
    const total = (points: Float64Array, query: Float64Array) => {
      let sum = 0;
      for (let i = 0; i < m; i++) sum += distanceOf(i, points, query);
      return sum;
    };
    const step = 1e-6;
    for (const [k] of q.entries()) {
      const up = q.slice();
      const down = q.slice();
      up[k]! += step;
      down[k]! -= step;
      const slope = (total(x, up) - total(x, down)) / (2 * step);
      expect(Math.abs(gq[k]! - slope)).toBeLessThan(2e-6);
    }
    for (const [k] of x.entries()) {
      const up = x.slice();
      const down = x.slice();
      up[k]! += step;
      down[k]! -= step;
      const slope = (total(up, q) - total(down, q)) / (2 * step);
      expect(Math.abs(gx[k]! - slope)).toBeLessThan(2e-6);
    }
    // Moving everything changes nothing: Σ_i ∂D/∂x_i = −∂D/∂q.
    for (let j = 0; j < d; j++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += gx[i * d + j]!;
      for (let i = 0; i < m; i++) sum += gq[i * d + j]!;
      expect(Math.abs(sum)).toBeLessThan(1e-5);
    }
  });
  test("inside the gradient is 0", async () => {
    const points = tf.tensor2d([0, 0, 2, 0, 0, 2], [3, 2]);
    const queries = tf.tensor2d([0.5, 0.5], [1, 2]);
    const { active } = await hullDistance(queries, points);
    const gradient = tf.grad((a: tf.Tensor) => tf.sum(hullPenalty(a as tf.Tensor2D, points, active)))(
      queries,
    );
    expect([...(await gradient.data())]).toEqual([0, 0]);
  });
  test("active sets of other queries are refused", async () => {
    const points = tf.tensor2d([0, 0, 2, 0, 0, 2], [3, 2]);
    const { active } = await hullDistance(tf.tensor2d([3, 3], [1, 2]), points);
    expect(() => hullPenalty(tf.zeros([2, 2]), points, active)).toThrow(/active is for 1 queries; 2/);
  });
});

test("the detector's p-values are uniform on its own law and small far away", async () => {
  const d = 4;
  const sample = (n: number, seed: number, factor = 1) => ({
    data: gaussians(n * d, seed).map((v) => factor * v),
    shape: [n, d] as [number, number],
  });
  for (const score of ["distance", "gauge", "mahalanobis"] as const) {
    const detector = await HullOutlierDetector.fit(sample(200, 1), sample(99, 2), { score });
    const own = await detector.pValue(sample(200, 3));
    expect(own.filter((p) => p <= 0.1).length / 200).toBeLessThan(0.1 + 4 * Math.sqrt(0.09 / 99));
    const far = await detector.pValue(sample(20, 4, 6));
    expect(far.reduce((a, b) => a + b) / 20).toBeLessThan(0.05);
    expect(detector.toJSON().calibration).toHaveLength(99);
    detector.dispose();
  }
});
