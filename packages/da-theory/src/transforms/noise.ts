import { checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { normal } from "../distribution/distribution.js";
import { quantile } from "../distribution/law.js";
import { isotropicTerm } from "../moments/host-covariance.js";
import { createTransform, type RandomTransform } from "./transform.js";

/** Options of {@link gaussianNoise}. */
export interface GaussianNoiseOptions {
  /** Standard deviation in image units, at least 0. */
  sd: number;
}

/**
 * Independent Gaussian noise on every value; exact, $\mu = x$, $\Sigma = \sigma^2 I$.
 *
 * @param options - See {@link GaussianNoiseOptions}.
 * @returns A transform with as many parameters as an image has values: the noise itself. `sample` needs the shape.
 * @throws {@link ArgumentError} when `sd` is negative.
 */
export function gaussianNoise(options: GaussianNoiseOptions): RandomTransform {
  const sd = checkNumber("gaussianNoise", "sd", options.sd, { min: 0 });
  const law = normal(0, sd);
  const size = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
  return createTransform({
    name: "gaussianNoise",
    parameters: { noise: law },
    linear: false,
    needsShape: true,
    numParameters: size,
    fromUnit(unit, _, theta) {
      for (let i = 0; i < theta.length; i++) theta[i] = quantile(law, unit[i]!);
    },
    apply: (images, theta) => tf.add(images, tf.reshape(theta, images.shape)),
    applyHost(image, _, theta, out) {
      for (let i = 0; i < out.length; i++) out[i] = image[i]! + theta[i]!;
    },
    exact: (shape) =>
      sd === 0
        ? { count: 1, make: () => ({ theta: new Float64Array(size(shape)), weights: Float64Array.of(1) }) }
        : undefined,
    moments: async (image, shape) => ({
      shape,
      mean: image.slice(),
      terms: [isotropicTerm(sd * sd)],
      error: { method: "exact", nodes: 0, meanEstimate: 0, traceEstimate: 0 },
    }),
  });
}
