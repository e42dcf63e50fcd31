import { checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { discrete } from "../distribution/distribution.js";
import { finiteNodes } from "../rules/gauss.js";
import { createTransform, type RandomTransform } from "./transform.js";

/** Options of {@link horizontalFlip}. */
export interface HorizontalFlipOptions {
  /** Probability of the mirror image. @defaultValue 0.5 */
  probability?: number;
}

/**
 * The mirror image with a probability; exact, $\Sigma = p(1-p)(x - Fx)(x - Fx)^\top$.
 *
 * @param options - See {@link HorizontalFlipOptions}.
 * @returns A transform with one parameter: 1 where the image is mirrored, else 0.
 * @throws {@link ArgumentError} when the probability is not in [0, 1].
 */
export function horizontalFlip(options: HorizontalFlipOptions = {}): RandomTransform {
  const p = checkNumber("horizontalFlip", "probability", options.probability ?? 0.5, { min: 0, max: 1 });
  const flip = discrete([0, 1], [1 - p, p]);
  const nodes = finiteNodes(flip)!;
  return createTransform({
    name: "horizontalFlip",
    parameters: { flip },
    linear: true,
    apply: (images, theta) => mixed(images, tf.reverse(images, 2), tf.reshape(theta, [-1, 1, 1, 1])),
    applyHost(image, [height, width, channels], theta, out) {
      if (theta[0]! < 0.5) {
        out.set(image);
        return;
      }
      for (let i = 0; i < height * width; i++) {
        const from = (Math.floor(i / width) * width + width - 1 - (i % width)) * channels;
        for (let c = 0; c < channels; c++) out[i * channels + c] = image[from + c]!;
      }
    },
    exact: () => ({
      count: nodes.values.length,
      make: () => ({ theta: nodes.values, weights: nodes.weights }),
    }),
  });
}

/** The second batch where the flag is above one half, else the first. */
export function mixed(first: tf.Tensor4D, second: tf.Tensor4D, flag: tf.Tensor): tf.Tensor4D {
  return tf.where(tf.broadcastTo(tf.greater(flag, 0.5), first.shape), second, first) as tf.Tensor4D;
}
