import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { allTransforms } from "./all-transforms.js";
import { colourImage } from "./golden-image.js";
import { sampledDeviations, sampledShape as shape } from "./sampled-moments.js";

const image = colourImage(shape);

// The slow suite draws 200 000 of each.
test.each(allTransforms)("sampled images have the moments: %s", async (_, t) => {
  const { ofMean, ofVariance } = await sampledDeviations(t, 1500, { tolerance: 2e-4, maxNodes: 2048 });
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
