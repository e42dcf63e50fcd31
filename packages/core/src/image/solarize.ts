import * as tf from "@tensorflow/tfjs-core";
import { checkNumber } from "../check/index.js";
import { type Augmentation, checkImages, drawNumbers } from "./augmentation.js";
import { choose } from "./choose.js";

/** Options of {@link solarize}. */
export interface SolarizeOptions {
  /** Values from here on are inverted. @defaultValue 0.5 */
  threshold?: number;
  /** Probability for each image. @defaultValue 0.2, that of BYOL's second view */
  probability?: number;
}

/**
 * Inverts, with a probability, the bright values of an image: `v` becomes `1 - v` where `v >= threshold`.
 *
 * @param options - See {@link SolarizeOptions}.
 * @throws {@link ArgumentError} when an option is out of range.
 * @see Grill et al. (2020), Bootstrap your own latent, appendix B. `torchvision.transforms.RandomSolarize`.
 */
export function solarize(options: SolarizeOptions = {}): Augmentation {
  const threshold = checkNumber("solarize", "threshold", options.threshold ?? 0.5, { min: 0, max: 1 });
  const probability = checkNumber("solarize", "probability", options.probability ?? 0.2, { min: 0, max: 1 });
  return (images, generator) => {
    checkImages("solarize", images);
    const numbers = drawNumbers(generator, images.shape[0], 1);
    const chosen = Array.from(numbers, (number) => number < probability);
    return tf.tidy(() => {
      const inverted: tf.Tensor4D = tf.where(tf.greaterEqual(images, threshold), tf.sub(1, images), images);
      return choose(chosen, inverted, images);
    });
  };
}
