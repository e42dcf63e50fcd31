import { ArgumentError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Distribution } from "../distribution/distribution.js";
import { checkLaw, support } from "../distribution/law.js";
import { finiteOnly, smoothSet } from "./color.js";
import { createTransform, type RandomTransform } from "./transform.js";
import { foldIndex } from "./warp-host.js";

/** Options of {@link gaussianBlur}. */
export interface GaussianBlurOptions {
  /** Law of the standard deviation in pixels, positive. */
  sd: Distribution;
}

/** The kernel ends at this many standard deviations of the widest blur. */
const REACH = 4;

/**
 * Random Gaussian blur, mirrored at the border (half-sample symmetric).
 *
 * $T_\sigma(x) = B_\sigma x B_\sigma^\top$ with rows of $B_\sigma$ proportional to $e^{-k^2/2\sigma^2}$, summing to 1.
 *
 * @param options - See {@link GaussianBlurOptions}.
 * @returns A transform with one parameter. Smooth in it: a Gauss rule with geometric convergence.
 * @throws {@link ArgumentError} when standard deviations may be 0 or negative.
 * @remarks The kernel ends at 4 standard deviations of the widest blur. Not differentiable twice.
 */
export function gaussianBlur(options: GaussianBlurOptions): RandomTransform {
  const law = checkLaw("gaussianBlur", "sd", options.sd);
  const [low, high] = support(law);
  if (low <= 0) {
    throw new ArgumentError(`gaussianBlur: sd reaches ${low}; a law of positive numbers was expected`, {
      argument: "sd",
      value: law,
    });
  }
  const reach = Math.max(1, Math.ceil(REACH * high));
  const kernel = (sd: number) => {
    const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, k) =>
      Math.exp(-((k - reach) ** 2) / (2 * sd * sd)),
    );
    const total = weights.reduce((sum, w) => sum + w, 0);
    return weights.map((w) => w / total);
  };
  /** For each offset the matrix that moves by it and folds the border. */
  const moves = (size: number) => {
    const values = new Float32Array((2 * reach + 1) * size * size);
    for (let k = -reach; k <= reach; k++) {
      for (let i = 0; i < size; i++)
        values[((k + reach) * size + i) * size + foldIndex(i + k, size, "reflect")]! += 1;
    }
    return tf.tensor2d(values, [2 * reach + 1, size * size]);
  };
  return createTransform({
    name: "gaussianBlur",
    parameters: { sd: law },
    linear: true,
    apply: (images, theta) => {
      const [batch, height, width, channels] = images.shape;
      const squares = tf.tensor2d(
        Array.from({ length: 2 * reach + 1 }, (_, k) => -((k - reach) ** 2) / 2),
        [1, 2 * reach + 1],
      );
      const weights = tf.softmax(tf.div(squares, tf.square(theta))) as tf.Tensor2D;
      const matrix = (size: number) =>
        tf.reshape(tf.matMul(weights, moves(size)), [batch, size, size]) as tf.Tensor3D;
      const rows = tf.matMul(matrix(height), tf.reshape(images, [batch, height, width * channels]));
      const turned = tf.transpose(tf.reshape(rows, [batch, height, width, channels]), [0, 2, 1, 3]);
      const both = tf.matMul(matrix(width), tf.reshape(turned, [batch, width, height * channels]));
      return tf.transpose(tf.reshape(both, [batch, width, height, channels]), [0, 2, 1, 3]) as tf.Tensor4D;
    },
    applyHost(image, [height, width, channels], theta, out) {
      const weights = kernel(theta[0]!);
      const between = new Float64Array(image.length);
      const blur = (
        from: Float64Array,
        to: Float64Array,
        size: number,
        stride: number,
        at: (line: number) => number,
        lines: number,
      ) => {
        for (let line = 0; line < lines; line++) {
          const start = at(line);
          for (let i = 0; i < size; i++) {
            let sum = 0;
            for (let k = -reach; k <= reach; k++)
              sum += weights[k + reach]! * from[start + foldIndex(i + k, size, "reflect") * stride]!;
            to[start + i * stride] = sum;
          }
        }
      };
      const length = width * channels;
      blur(image, between, height, length, (line) => line, length);
      blur(
        between,
        out,
        width,
        channels,
        (line) => Math.floor(line / channels) * length + (line % channels),
        height * channels,
      );
    },
    exact: () => finiteOnly(law),
    quadrature: (_, budget) => smoothSet(law, budget),
  });
}
