import * as tf from "@tensorflow/tfjs-core";
import { checkInteger, checkNumber } from "../check/index.js";
import { type Augmentation, checkImages, drawNumbers } from "./augmentation.js";

/** Options of {@link cutout}. */
export interface CutoutOptions {
  /** Side of the square in pixels, at least 1. */
  size: number;
  /** Value that is put there. @defaultValue 0 */
  value?: number;
  /** Probability for each image. @defaultValue 1 */
  probability?: number;
}

/**
 * Covers a square of each image. Its centre is a random pixel, so part of it may lie outside.
 *
 * @param options - See {@link CutoutOptions}.
 * @throws {@link ArgumentError} when an option is out of range.
 * @see DeVries, Taylor (2017), Improved regularization of convolutional neural networks with cutout, section 3.2.
 */
export function cutout(options: CutoutOptions): Augmentation {
  const size = checkInteger("cutout", "size", options.size, { min: 1 });
  const value = checkNumber("cutout", "value", options.value ?? 0);
  const probability = checkNumber("cutout", "probability", options.probability ?? 1, { min: 0, max: 1 });
  return (images, generator) => {
    checkImages("cutout", images);
    const [batch, height, width] = images.shape;
    const numbers = drawNumbers(generator, batch, 3);
    const kept = new Float32Array(batch * height * width).fill(1);
    for (let b = 0; b < batch; b++) {
      if (numbers[3 * b]! >= probability) continue;
      const top = Math.floor(numbers[3 * b + 1]! * height) - Math.floor(size / 2);
      const left = Math.floor(numbers[3 * b + 2]! * width) - Math.floor(size / 2);
      for (let y = Math.max(0, top); y < Math.min(height, top + size); y++) {
        const row = (b * height + y) * width;
        kept.fill(0, row + Math.max(0, left), row + Math.max(0, Math.min(width, left + size)));
      }
    }
    return tf.tidy(() => {
      const mask = tf.tensor4d(kept, [batch, height, width, 1]);
      const covered = tf.mul(images, mask) as tf.Tensor4D;
      return value === 0 ? covered : tf.add(covered, tf.mul(tf.sub(1, mask), value));
    });
  };
}
