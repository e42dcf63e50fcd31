import * as tf from "@tensorflow/tfjs-core";
import { checkChoice, checkNumber } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import { callKernel, type HostKernel, hasHostKernel, registerHostKernel } from "../host-kernel/index.js";
import { type Augmentation, checkImages, drawNumbers } from "./augmentation.js";
import { choose } from "./choose.js";

/** Direction in which images are mirrored. */
export type FlipAxis = "horizontal" | "vertical";

/** Options of {@link randomFlip}. */
export interface RandomFlipOptions {
  /** `horizontal` exchanges left and right, `vertical` top and bottom. @defaultValue `"horizontal"` */
  axis?: FlipAxis;
  /** Probability for each image. @defaultValue 0.5 */
  probability?: number;
}

const NAME = "LabFlip";

const kernel: HostKernel = {
  name: NAME,
  inputs: ["images"],
  outputShapes: ([shape]) => [shape!],
  compute([images], [out], [shape], { chosen, axis }) {
    const [batch, height, width, channels] = shape as [number, number, number, number];
    const row = width * channels;
    for (let b = 0; b < batch; b++) {
      const start = b * height * row;
      if (!(chosen as boolean[])[b]) out!.set(images!.subarray(start, start + height * row), start);
      else if (axis === "vertical") {
        for (let y = 0; y < height; y++) {
          const from = start + (height - 1 - y) * row;
          out!.set(images!.subarray(from, from + row), start + y * row);
        }
      } else {
        for (let y = 0; y < height; y++) {
          for (let x = 0, at = start + y * row; x < width; x++) {
            const from = start + y * row + (width - 1 - x) * channels;
            for (let c = 0; c < channels; c++, at++) out![at] = images![from + c]!;
          }
        }
      }
    }
  },
};

/**
 * Mirrors the chosen images.
 *
 * @param images - Shape `[batch, height, width, channels]`.
 * @param chosen - Whether to mirror, one for each image.
 * @param axis - `horizontal` (default) exchanges left and right, `vertical` top and bottom.
 * @returns The shape of `images`; the caller disposes it. No gradient is defined.
 * @throws {@link ArgumentError} when there is not one choice an image.
 */
export function flip(
  images: tf.Tensor4D,
  chosen: readonly boolean[],
  axis: FlipAxis = "horizontal",
): tf.Tensor4D {
  checkImages("flip", images);
  checkChoice("flip", "axis", axis, ["horizontal", "vertical"]);
  if (chosen.length !== images.shape[0]) {
    throw new ArgumentError(
      `flip: chosen holds ${chosen.length}; ${images.shape[0]}, one an image, were expected`,
      {
        argument: "chosen",
        value: chosen.length,
      },
    );
  }
  registerHostKernel(kernel);
  if (hasHostKernel(NAME)) return callKernel(NAME, { images }, { chosen, axis })[0] as tf.Tensor4D;
  return tf.tidy(() => choose(chosen, tf.reverse(images, axis === "horizontal" ? 2 : 1), images));
}

/**
 * Mirrors each image with a probability.
 *
 * @param options - See {@link RandomFlipOptions}.
 * @throws {@link ArgumentError} when an option is out of range.
 */
export function randomFlip(options: RandomFlipOptions = {}): Augmentation {
  const axis = checkChoice("randomFlip", "axis", options.axis ?? "horizontal", ["horizontal", "vertical"]);
  const probability = checkNumber("randomFlip", "probability", options.probability ?? 0.5, {
    min: 0,
    max: 1,
  });
  return (images, generator) => {
    checkImages("randomFlip", images);
    const numbers = drawNumbers(generator, images.shape[0], 1);
    return flip(
      images,
      Array.from(numbers, (number) => number < probability),
      axis,
    );
  };
}
