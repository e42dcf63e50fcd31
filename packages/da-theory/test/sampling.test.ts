import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { augmentedMomentsHost, type ImageShape } from "../src/index.js";
import { allTransforms } from "./all-transforms.js";
import { colourImage } from "./golden-image.js";

const shape: ImageShape = [6, 4, 3];
const image = colourImage(shape);
// The long suite draws as many as the specification asks for.
const draws = process.env.LAB_SLOW ? 200_000 : 1500;

/** Largest distance of sampled means and variances from the moments, in standard errors. */
async function deviations(
  views: Float32Array,
  count: number,
  mean: Float64Array,
  variance: Float64Array,
): Promise<{ ofMean: number; ofVariance: number }> {
  const size = mean.length;
  let [ofMean, ofVariance] = [0, 0];
  for (let i = 0; i < size; i++) {
    let [first, second, fourth] = [0, 0, 0];
    for (let n = 0; n < count; n++) {
      const c = views[n * size + i]! - mean[i]!;
      first += c / count;
      second += (c * c) / count;
      fourth += c ** 4 / count;
    }
    // Float32 views and rules to a reported error: nothing is closer than that.
    const floor = 3e-4;
    const meanError = Math.sqrt(second / count) + floor / 5;
    const varianceError = Math.sqrt(Math.max(0, fourth - second * second) / count) + floor / 5;
    ofMean = Math.max(ofMean, Math.abs(first) / meanError);
    ofVariance = Math.max(ofVariance, Math.abs(second - variance[i]!) / varianceError);
  }
  return { ofMean, ofVariance };
}

test.each(allTransforms)("sampled images have the moments: %s", async (_, t) => {
  const m = await augmentedMomentsHost(image, shape, t, { tolerance: 2e-4, maxNodes: 2048 });
  expect(m.shape).toEqual(t.outputShape(shape));
  const theta = t.sample(draws, new Generator(3), shape);
  const views = tf.tidy(() => {
    const x = tf.tensor4d(Float32Array.from(image), [1, ...shape]);
    return t.apply(tf.tile(x, [draws, 1, 1, 1]), theta);
  });
  const { ofMean, ofVariance } = await deviations(
    (await views.data()) as Float32Array,
    draws,
    m.mean,
    m.covariance.diagonal(),
  );
  expect(ofMean).toBeLessThan(5);
  expect(ofVariance).toBeLessThan(5);
});

test.each(allTransforms.filter(([, t]) => t.definition.applyHost))(
  "the device and the host agree: %s",
  async (_, t) => {
    const count = 8;
    const theta = t.sample(count, new Generator(5), shape);
    const x = tf.tile(tf.tensor4d(Float32Array.from(image), [1, ...shape]), [count, 1, 1, 1]);
    const views = t.apply(x, theta);
    expect(views.shape).toEqual([count, ...t.outputShape(shape)]);
    const [onDevice, parameters] = [await views.data(), await theta.data()];
    const P = t.numParameters(shape);
    const size = onDevice.length / count;
    const host = new Float64Array(size);
    for (let n = 0; n < count; n++) {
      const own = Float64Array.from(parameters.subarray(n * P, (n + 1) * P));
      t.definition.applyHost!(image, shape, own, host);
      for (let i = 0; i < size; i++) expect(Math.abs(onDevice[n * size + i]! - host[i]!)).toBeLessThan(2e-5);
    }
  },
);
