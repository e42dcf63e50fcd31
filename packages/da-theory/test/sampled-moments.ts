import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { augmentedMomentsHost, type ImageShape, type RandomTransform } from "../src/index.js";
import { colourImage } from "./golden-image.js";

/** Shape of the image of {@link sampledDeviations}. */
export const sampledShape: ImageShape = [6, 4, 3];

const CHUNK = 10_000;
/** Float32 views and rules to a reported error: nothing is closer than that. */
const FLOOR = 6e-5;

/** Largest distance of sampled means and variances from the moments over all pixels, in standard errors. */
export async function sampledDeviations(
  t: RandomTransform,
  draws: number,
  rule: { tolerance: number; maxNodes: number },
): Promise<{ ofMean: number; ofVariance: number }> {
  const image = colourImage(sampledShape);
  const { mean, covariance } = await augmentedMomentsHost(image, sampledShape, t, rule);
  const variance = covariance.diagonal();
  const size = mean.length;
  const [first, second, fourth] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  const generator = new Generator(3);
  for (let done = 0; done < draws; done += CHUNK) {
    const count = Math.min(CHUNK, draws - done);
    const views = tf.tidy(() => {
      const x = tf.tensor4d(new Float32Array(image), [1, ...sampledShape]);
      return t.apply(tf.tile(x, [count, 1, 1, 1]), t.sample(count, generator, sampledShape));
    });
    const values = await views.data();
    views.dispose();
    for (let at = 0; at < values.length; at++) {
      const i = at % size;
      const c = values[at]! - mean[i]!;
      first[i]! += c / draws;
      second[i]! += (c * c) / draws;
      fourth[i]! += c ** 4 / draws;
    }
  }
  let [ofMean, ofVariance] = [0, 0];
  for (let i = 0; i < size; i++) {
    const meanError = Math.sqrt(second[i]! / draws) + FLOOR;
    const varianceError = Math.sqrt(Math.max(0, fourth[i]! - second[i]! ** 2) / draws) + FLOOR;
    ofMean = Math.max(ofMean, Math.abs(first[i]!) / meanError);
    ofVariance = Math.max(ofVariance, Math.abs(second[i]! - variance[i]!) / varianceError);
  }
  return { ofMean, ofVariance };
}
