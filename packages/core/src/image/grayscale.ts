import * as tf from "@tensorflow/tfjs-core";
import { checkNumber } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import { callKernel, type HostKernel, hasHostKernel, registerHostKernel } from "../host-kernel/index.js";
import { greyOf } from "./adjust-colors-device.js";
import { type Augmentation, checkImages, drawNumbers } from "./augmentation.js";
import { choose } from "./choose.js";
import { GREY } from "./color.js";

/** Options of {@link randomGrayscale}. */
export interface RandomGrayscaleOptions {
  /** Probability for each image. @defaultValue 0.1 */
  probability?: number;
}

const NAME = "LabGrayscale";

const kernel: HostKernel = {
  name: NAME,
  inputs: ["images"],
  outputShapes: ([shape]) => [shape!],
  compute([images], [out], [shape], { chosen }) {
    const size = shape![1]! * shape![2]! * 3;
    const [red, green, blue] = GREY;
    out!.set(images!);
    for (let b = 0; b < shape![0]!; b++) {
      if (!(chosen as boolean[])[b]) continue;
      for (let i = b * size; i < (b + 1) * size; i += 3) {
        const grey = red * out![i]! + green * out![i + 1]! + blue * out![i + 2]!;
        out![i] = out![i + 1] = out![i + 2] = grey;
      }
    }
  },
};

/**
 * Takes the colour out of the chosen images; they keep three equal channels.
 *
 * @param images - Shape `[batch, height, width, 3]`.
 * @param chosen - Whether to take it out, one for each image.
 * @returns The shape of `images`; the caller disposes it. No gradient is defined.
 * @throws {@link ArgumentError} when there is not one choice an image.
 * @remarks Grey is 0.2989 R + 0.587 G + 0.114 B, as in torchvision.
 */
export function grayscale(images: tf.Tensor4D, chosen: readonly boolean[]): tf.Tensor4D {
  checkImages("grayscale", images, [3]);
  if (chosen.length !== images.shape[0]) {
    throw new ArgumentError(
      `grayscale: chosen holds ${chosen.length}; ${images.shape[0]}, one an image, were expected`,
      { argument: "chosen", value: chosen.length },
    );
  }
  registerHostKernel(kernel);
  if (hasHostKernel(NAME)) return callKernel(NAME, { images }, { chosen })[0] as tf.Tensor4D;
  return tf.tidy(() => choose(chosen, tf.broadcastTo(greyOf(images), images.shape), images));
}

/**
 * Takes the colour out of each image with a probability.
 *
 * @param options - See {@link RandomGrayscaleOptions}.
 * @throws {@link ArgumentError} when an option is out of range.
 */
export function randomGrayscale(options: RandomGrayscaleOptions = {}): Augmentation {
  const probability = checkNumber("randomGrayscale", "probability", options.probability ?? 0.1, {
    min: 0,
    max: 1,
  });
  return (images, generator) => {
    checkImages("randomGrayscale", images, [3]);
    const numbers = drawNumbers(generator, images.shape[0], 1);
    return grayscale(
      images,
      Array.from(numbers, (number) => number < probability),
    );
  };
}
