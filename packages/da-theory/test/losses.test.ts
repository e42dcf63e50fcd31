import { glyphs } from "@lab/core/data";
import { mlp } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import {
  augmentationFactors,
  augmentationPenalty,
  augmentationScatter,
  augmentedMoments,
  augmentedMomentsHost,
  brightness,
  expectedCrossEntropy,
  gaussianNoise,
  type Head,
  horizontalFlip,
  type ImageShape,
  linearRegressionUnderDA,
  lossMoments,
  outputMoments,
  point,
  rotate,
  saliencyAlignment,
  shear,
  tangentPenalty,
  translate,
  uniform,
  withProbability,
} from "../src/index.js";
import { colourImage, goldenImage, sum } from "./golden-image.js";

const seven = () => tf.tensor3d(Float32Array.from(goldenImage(7, 6)), [7, 6, 1]);
const t2 = shear({ x: uniform(-0.4, 0.4) });
const head = (): Head => ({
  weights: tf.tensor2d(
    Float32Array.from(
      { length: 126 },
      (_, at) => 0.3 * Math.cos(0.3 * Math.floor(at / 42) + 0.5 * (at % 42)),
    ),
    [3, 42],
  ),
  bias: tf.tensor1d([0.1, -0.2, 0.05]),
});

test("T7 squared loss of a linear head", async () => {
  const m = await lossMoments(head(), seven(), 1, t2, { loss: "squared" });
  expect(m.error).toEqual({ method: "exact", nodes: 12, meanEstimate: 0, traceEstimate: 0 });
  await expectClose([m.mean, m.variance], [1.911485, 0.041794], { absolute: 1e-5, relative: 0 });
  await expectClose(m.cv2, m.variance / m.mean ** 2);
  const { mean, covariance } = await outputMoments(head(), seven(), t2);
  const penalty = sum((await covariance.data()).filter((_, at) => at % 4 === 0));
  await expectClose(penalty, 0.013192, { absolute: 1e-5, relative: 0 });
  const away = tf.sub(mean, tf.tensor1d([0, 1, 0]));
  await expectClose(tf.sum(tf.square(away)), m.mean - penalty, { absolute: 1e-5 });
});

test("T7 cross-entropy between its bounds", async () => {
  const m = await augmentedMoments(seven(), t2);
  const e = await expectedCrossEntropy(head(), m, 1);
  const close = { absolute: 1e-5, relative: 0 };
  await expectClose(
    [e.value!, e.lower, e.secondOrder, e.upper, e.upperMgf!],
    [1.317941, 1.317173, 1.317941, 1.318263, 1.318999],
    close,
  );
  const byNodes = await lossMoments(head(), seven(), 1, t2);
  await expectClose(byNodes.mean, 1.317941, close);
  expect(byNodes.error.meanEstimate).toBeLessThan(1e-4);
});

test("T7 bounds hold for 200 random heads", async () => {
  const m = await augmentedMoments(seven(), shear({ x: uniform(-1, 1) }));
  const generator = new Generator(2);
  for (let n = 0; n < 200; n++) {
    const own: Head = { weights: generator.normal([4, 42], 0, 10 ** (-2 + n / 70)) as tf.Tensor2D };
    const e = await expectedCrossEntropy(own, m, n % 4);
    const slack = 1e-5 * (1 + Math.abs(e.value!));
    expect(e.lower).toBeLessThanOrEqual(e.value! + slack);
    expect(e.value!).toBeLessThanOrEqual(e.upper + slack);
    expect(e.value!).toBeLessThanOrEqual(e.upperMgf! + slack);
    own.weights.dispose();
  }
});

test("without covariance all values agree", async () => {
  const m = await augmentedMoments(seven(), shear({ x: point(0.2) }));
  const e = await expectedCrossEntropy(head(), m, 2);
  for (const value of [e.lower, e.secondOrder, e.upper, e.upperMgf!])
    await expectClose(value, e.value!, { absolute: 1e-6 });
});

test("moments of a network are those of its outputs at the nodes", async () => {
  const model = mlp({ sizes: [42, 5, 3], activation: "tanh", generator: new Generator(1) });
  const t = withProbability(0.3, horizontalFlip({ probability: 1 }));
  const { mean, covariance, error } = await outputMoments(model, seven(), t);
  const outputs = model.apply(
    tf.reshape(tf.stack([seven(), tf.reverse(seven(), 1)]), [2, 42]),
  ) as tf.Tensor2D;
  const z = await outputs.data();
  await expectClose(
    mean,
    [0, 1, 2].map((k) => 0.7 * z[k]! + 0.3 * z[3 + k]!),
    { absolute: 1e-6 },
  );
  const expected = [0, 1, 2].flatMap((k) =>
    [0, 1, 2].map((l) => 0.21 * (z[k]! - z[3 + k]!) * (z[l]! - z[3 + l]!)),
  );
  await expectClose(covariance, expected, { absolute: 1e-6 });
  expect(error.nodes).toBe(2);
  const own = await lossMoments(model, seven(), 0, t, { loss: (y) => tf.sum(y, 1) as tf.Tensor1D });
  await expectClose(own.mean, sum(await mean.data()), { absolute: 1e-6 });
  const rotated = await lossMoments(model, seven(), 0, rotate({ angle: uniform(-20, 20) }), {
    tolerance: 1e-4,
  });
  const many = await lossMoments(model, seven(), 0, rotate({ angle: uniform(-20, 20) }), { nodes: 2048 });
  expect(Math.abs(rotated.mean / many.mean - 1)).toBeLessThan(rotated.error.meanEstimate + 1e-6);
  model.dispose();
});

const small: ImageShape = [3, 4, 1];
const batch = (count: number) =>
  tf.stack(
    Array.from({ length: count }, (_, n) =>
      tf.tensor3d(
        Float32Array.from(colourImage([3, 4, 1]).map((v, i) => v * Math.cos(n + i * n))),
        [3, 4, 1],
      ),
    ),
  ) as tf.Tensor4D;

test("the penalty of a linear model is the trace it stands for", async () => {
  const t = translate({ x: uniform(-1, 1), y: uniform(-0.5, 0.5) });
  const images = batch(3);
  const factors = await augmentationFactors(images, t);
  const weights = new Generator(3).normal([2, 12]) as tf.Tensor2D;
  const linear = (x: tf.Tensor4D) =>
    tf.matMul(tf.reshape(x, [-1, 12]) as tf.Tensor2D, weights, false, true) as tf.Tensor2D;
  const penalty = augmentationPenalty(linear, factors, {
    loss: "squared",
    probes: 4000,
    generator: new Generator(1),
  });
  const expected = (await outputTrace(images, t, weights)) / 3;
  await expectClose(penalty, expected, { relative: 0.05 });
  const entropy = augmentationPenalty(linear, factors, {
    loss: "crossEntropy",
    probes: 4000,
    generator: new Generator(2),
  });
  let curvature = 0;
  for (const image of tf.unstack(images) as tf.Tensor3D[]) {
    const { mean, covariance } = await outputMoments({ weights }, image, t);
    const [p, c] = [await tf.softmax(mean).data(), await covariance.data()];
    // diag p - ppᵀ of two classes is p₀p₁ on the diagonal and -p₀p₁ beside it.
    curvature += (p[0]! * p[1]! * (c[0]! + c[3]! - 2 * c[1]!)) / 6;
  }
  await expectClose(entropy, curvature, { relative: 0.05 });
});

async function outputTrace(images: tf.Tensor4D, t: ReturnType<typeof translate>, weights: tf.Tensor2D) {
  let total = 0;
  for (const image of tf.unstack(images) as tf.Tensor3D[]) {
    const { covariance } = await outputMoments({ weights }, image, t);
    const entries = await covariance.data();
    total += entries[0]! + entries[3]!;
  }
  return total;
}

test.each(["crossEntropy", "squared"] as const)(
  "gradients of the penalty in the weights, %s",
  async (loss) => {
    const factors = await augmentationFactors(batch(4), rotate({ angle: uniform(-20, 20) }), { nodes: 16 });
    const second = new Generator(5).normal([6, 3]) as tf.Tensor2D;
    const network = (first: tf.Tensor) => (x: tf.Tensor4D) =>
      tf.matMul(
        tf.tanh(tf.matMul(tf.reshape(x, [-1, 12]) as tf.Tensor2D, first as tf.Tensor2D)),
        second,
      ) as tf.Tensor2D;
    const value = (w: tf.Tensor) =>
      augmentationPenalty(network(w), factors, { loss, step: 0.1, generator: new Generator(6) });
    const w = new Generator(4).normal([12, 6]);
    const direction = new Generator(7).normal([12, 6]);
    const slope = tf.sum(tf.mul(tf.grad(value)(w), direction));
    const at = async (s: number) => (await value(tf.add(w, tf.mul(direction, s))).data())[0]!;
    const numeric = ((await at(0.01)) - (await at(-0.01))) / 0.02;
    await expectClose(slope, [numeric], { relative: 1e-3, absolute: 1e-4 });
  },
);

test("TangentProp of a linear model is the variance along the tangent", async () => {
  const images = batch(2);
  const weights = new Generator(3).normal([2, 12]) as tf.Tensor2D;
  const linear = (x: tf.Tensor4D) =>
    tf.matMul(tf.reshape(x, [-1, 12]) as tf.Tensor2D, weights, false, true) as tf.Tensor2D;
  const t = translate({ x: uniform(-0.6, 0.6) });
  const shifted = (by: number) =>
    translate({ x: point(by) }).apply(
      images,
      tf.tensor2d([
        [by, 0],
        [by, 0],
      ]),
    );
  const tangent = tf.div(tf.sub(shifted(1), shifted(-1)), 2) as tf.Tensor4D;
  const expected = tf.mul(tf.mean(tf.sum(tf.square(linear(tangent)), 1)), 0.12);
  await expectClose(tangentPenalty(linear, images, t), await expected.data(), { relative: 1e-3 });
  expect(() => tangentPenalty(linear, images, gaussianNoise({ sd: 1 }))).toThrow(
    "tangentPenalty: gaussianNoise has 12 parameters",
  );
});

test("alignment is 1 under isotropic noise, and energy adds up", async () => {
  const noisy = await saliencyAlignment(head(), seven(), 0, gaussianNoise({ sd: 0.2 }));
  await expectClose(noisy.ratio, 1, { relative: 1e-4 });
  const own = await saliencyAlignment(head(), seven(), 0, t2, { numDirections: 3 });
  expect(own.energy).toHaveLength(4);
  await expectClose(sum(own.energy), 1, { relative: 1e-5 });
  // A head orthogonal to every view is on the null space.
  const { covariance } = await augmentedMomentsHost(goldenImage(7, 6), [7, 6, 1], t2);
  const { vectors } = await covariance.topEigenpairs(8);
  const rows = new Generator(9).normal64(84);
  for (let k = 0; k < 2; k++) {
    for (let i = 0; i < 8; i++) {
      const along = sum(vectors.subarray(i * 42, (i + 1) * 42).map((v, x) => v * rows[k * 42 + x]!));
      for (let x = 0; x < 42; x++) rows[k * 42 + x]! -= along * vectors[i * 42 + x]!;
    }
  }
  const blind = { weights: tf.tensor2d(Float32Array.from(rows), [2, 42]) };
  expect((await saliencyAlignment(blind, seven(), 0, t2)).ratio).toBeLessThan(1e-8);
  // For tiny augmentations the first order is all there is.
  const tiny = shear({ x: uniform(-0.001, 0.001) });
  const m = await lossMoments(head(), seven(), 0, tiny);
  const first = await saliencyAlignment(head(), seven(), 0, tiny);
  await expectClose(first.predictedSd, Math.sqrt(m.variance), { relative: 0.01 });
});

test("least squares on all views at once is the solution of the normal equations", async () => {
  const images = batch(6);
  const targets = new Generator(3).normal([6, 2]) as tf.Tensor2D;
  const [x, y] = [await images.data(), await targets.data()];
  for (const t of [
    translate({ x: uniform(-1, 1.5), y: uniform(-0.5, 0.5) }),
    brightness({ delta: uniform(-0.5, 0.5) }),
  ]) {
    const rule = t.rule(small);
    const views: number[][] = [];
    const wanted: number[][] = [];
    const weights: number[] = [];
    const out = new Float64Array(12);
    for (let n = 0; n < 6; n++) {
      for (let q = 0; q < rule.count; q++) {
        const P = rule.numParameters;
        t.definition.applyHost!(
          Float64Array.from(x.subarray(12 * n, 12 * n + 12)),
          small,
          rule.theta.subarray(q * P, q * P + P),
          out,
        );
        views.push(Array.from(out));
        wanted.push([y[2 * n]!, y[2 * n + 1]!]);
        weights.push(rule.weights[q]!);
      }
    }
    for (const solver of ["cholesky", "cg"] as const) {
      const fit = await linearRegressionUnderDA(images, t, { targets, l2: 0.05, solver });
      const [w, b] = [await fit.weights.data(), await fit.bias.data()];
      // The gradient of the ridge objective over all views vanishes.
      const gradient = new Float64Array(24);
      const biasGradient = new Float64Array(2);
      let loss = 0;
      for (const [v, view] of views.entries()) {
        for (let k = 0; k < 2; k++) {
          const error = sum(view.map((value, i) => value * w[12 * k + i]!)) + b[k]! - wanted[v]![k]!;
          loss += (weights[v]! * error * error) / 6;
          biasGradient[k]! += weights[v]! * error;
          for (let i = 0; i < 12; i++) gradient[12 * k + i]! += weights[v]! * error * view[i]!;
        }
      }
      for (let at = 0; at < 24; at++) gradient[at]! += 0.05 * w[at]!;
      await expectClose(gradient, new Float64Array(24), { absolute: 2e-5 });
      await expectClose(biasGradient, [0, 0], { absolute: 2e-5 });
      await expectClose(fit.expectedLoss, loss, { relative: 1e-4 });
      const penalty = await outputTrace(images, t, fit.weights);
      await expectClose(fit.penalty, penalty / 6, { relative: 1e-3 });
    }
  }
});

test("labels of a data set become targets", async () => {
  const data = glyphs({ count: 40, seed: 1, size: 8 });
  const t = translate({ x: uniform(-1, 1) });
  const fit = await linearRegressionUnderDA(data, t, { numClasses: 10 });
  expect(fit.weights.shape).toEqual([10, 64]);
  expect(fit.expectedLoss).toBeLessThan(0.9);
  expect(fit.penalty).toBeGreaterThan(0);
  await expect(linearRegressionUnderDA(batch(2), t)).rejects.toThrow(
    "targets is undefined; [2,K] was expected",
  );
  await expect(linearRegressionUnderDA(batch(2), t, { targets: tf.zeros([3, 1]) })).rejects.toThrow(
    "targets has shape [3,1]; [2,K] was expected",
  );
});

test("scatter within and between images is that of all views", async () => {
  const images = batch(5);
  for (const t of [
    translate({ x: uniform(-1, 1) }),
    brightness({ delta: uniform(-0.5, 0.5) }),
    rotate({ angle: uniform(-30, 10) }),
  ]) {
    const { within, between, mean } = await augmentationScatter(images, t, { nodes: 64 });
    const dense = new Float64Array(144);
    const means: Float64Array[] = [];
    for (const image of tf.unstack(images)) {
      const m = await augmentedMomentsHost(await image.data(), small, t, { nodes: 64 });
      const own = m.covariance.dense();
      for (let i = 0; i < 144; i++) dense[i]! += own[i]! / 5;
      means.push(m.mean);
    }
    await expectClose(await within.dense(), dense, { absolute: 1e-5 });
    const centre = Float64Array.from({ length: 12 }, (_, i) => sum(means.map((m) => m[i]! / 5)));
    await expectClose(mean, centre, { absolute: 1e-5 });
    const spread = Float64Array.from({ length: 144 }, (_, at) =>
      sum(
        means.map(
          (m) =>
            ((m[Math.floor(at / 12)]! - centre[Math.floor(at / 12)]!) * (m[at % 12]! - centre[at % 12]!)) / 5,
        ),
      ),
    );
    await expectClose(await between.dense(), spread, { absolute: 1e-5 });
    const { residuals, values } = await within.topEigenpairs(2);
    expect(Math.max(...residuals)).toBeLessThan(1e-4 * values[0]!);
  }
});

test("losses leave no tensors behind and name wrong input", async () => {
  const image = seven();
  const own = head();
  const before = tf.memory().numTensors;
  await lossMoments(own, image, 1, t2);
  const outputs = await outputMoments(own, image, t2);
  tf.dispose([outputs.mean, outputs.covariance]);
  await saliencyAlignment(own, image, 0, t2);
  expect(tf.memory().numTensors).toBe(before);
  await expect(lossMoments(own, image, 3, t2)).rejects.toThrow("lossMoments: label is 3");
  await expect(lossMoments({ weights: tf.zeros([2, 5]) }, image, 0, t2)).rejects.toThrow(
    "lossMoments: weights has shape [2,5]; [K,42] was expected",
  );
  const factors = {
    mean: tf.zeros([2, 7, 6, 1]) as tf.Tensor4D,
    factors: tf.zeros([2, 3, 4]) as tf.Tensor3D,
  };
  expect(() =>
    augmentationPenalty((x) => tf.reshape(x, [2, -1]), factors, {
      loss: "squared",
      generator: new Generator(0),
    }),
  ).toThrow("augmentationPenalty: factors has shape [2,3,4]; [2,Q,42] was expected");
});
