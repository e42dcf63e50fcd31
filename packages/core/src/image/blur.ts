import * as tf from "@tensorflow/tfjs-core";
import { checkInteger, checkNumber } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import { callKernel, type HostKernel, hasHostKernel, registerHostKernel } from "../host-kernel/index.js";
import { type Augmentation, checkImages, checkRange, drawNumbers, type Range } from "./augmentation.js";
import { sumWeightedRows } from "./weighted-rows.js";

/** Options of {@link gaussianBlur}. */
export interface GaussianBlurOptions {
  /** Side of the kernel in pixels, odd. */
  kernel: number;
  /** Range of the standard deviation in pixels, above 0. @defaultValue `[0.1, 2]` */
  sigma?: Range;
  /** Probability for each image. @defaultValue 1 */
  probability?: number;
}

const NAME = "LabBlur";

/** Index within 0 … size − 1, mirrored at the outer pixels without repeating them. */
function mirrored(index: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const at = ((index % period) + period) % period;
  return at < size ? at : period - at;
}

const kernel: HostKernel = {
  name: NAME,
  inputs: ["images"],
  outputShapes: ([shape]) => [shape!],
  compute([images], [out], [shape], { weights, side }) {
    const [batch, height, width, channels] = shape as [number, number, number, number];
    const k = side as number;
    const size = height * width * channels;
    const length = width * channels;
    const reach = (k - 1) / 2;
    const rows = Int32Array.from(
      { length: height + 2 * reach },
      (_, i) => mirrored(i - reach, height) * length,
    );
    const columns = Int32Array.from(
      { length: width + 2 * reach },
      (_, i) => mirrored(i - reach, width) * channels,
    );
    const between = new Float32Array(size);
    const padded = new Float32Array(columns.length * channels);
    const shifts = Int32Array.from({ length: k }, (_, i) => i * channels);
    for (let b = 0; b < batch; b++) {
      const own = (weights as (Float64Array | undefined)[])[b];
      const image = images!.subarray(b * size, (b + 1) * size);
      const target = out!.subarray(b * size, (b + 1) * size);
      if (!own) {
        target.set(image);
        continue;
      }
      for (let row = 0; row < size; row += length) {
        for (let x = 0, at = 0; x < columns.length; x++) {
          const from = row + columns[x]!;
          for (let c = 0; c < channels; c++, at++) padded[at] = image[from + c]!;
        }
        sumWeightedRows(between, row, length, padded, { starts: shifts, weights: own, offset: 0 });
      }
      for (let y = 0; y < height; y++) {
        const starts = rows.subarray(y, y + k);
        sumWeightedRows(target, y * length, length, between, { starts, weights: own, offset: 0 });
      }
    }
  },
};

/** Weights of a Gaussian at whole pixels, summing to 1; `undefined` for a sigma of 0, which changes nothing. */
function gaussian(sigma: number, side: number): Float64Array | undefined {
  if (sigma === 0) return undefined;
  const weights = Float64Array.from({ length: side }, (_, i) =>
    Math.exp(-0.5 * ((i - (side - 1) / 2) / sigma) ** 2),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/**
 * Blurs each image by its own Gaussian, mirrored at the border.
 *
 * @param images - Shape `[batch, height, width, channels]`.
 * @param sigmas - Standard deviation for each image in pixels, at least 0; 0 leaves the image as it is.
 * @param side - Side of the kernel in pixels, odd, with `(side - 1) / 2` below height and width.
 * @returns The shape of `images`; the caller disposes it. No gradient is defined.
 * @throws {@link ArgumentError} when a value is out of range or there is not one sigma an image.
 * @see `torchvision.transforms.functional.gaussian_blur`, whose values these are.
 */
export function blur(images: tf.Tensor4D, sigmas: readonly number[], side: number): tf.Tensor4D {
  checkImages("blur", images);
  const [batch, height, width] = images.shape;
  checkSide("blur", "side", side);
  checkInteger("blur", "side", side, { max: 2 * Math.min(height, width) - 1 });
  if (sigmas.length !== batch) {
    throw new ArgumentError(`blur: sigmas holds ${sigmas.length}; ${batch}, one an image, were expected`, {
      argument: "sigmas",
      value: sigmas.length,
    });
  }
  for (const [i, sigma] of sigmas.entries()) checkNumber("blur", `sigmas[${i}]`, sigma, { min: 0 });
  const weights = sigmas.map((sigma) => gaussian(sigma, side));
  registerHostKernel(kernel);
  if (hasHostKernel(NAME)) return callKernel(NAME, { images }, { weights, side })[0] as tf.Tensor4D;
  return tf.tidy(() => blurOnDevice(images, weights, side));
}

function blurOnDevice(
  images: tf.Tensor4D,
  weights: readonly (Float64Array | undefined)[],
  side: number,
): tf.Tensor4D {
  const reach = (side - 1) / 2;
  const along = (x: tf.Tensor4D, axis: 1 | 2) => {
    const padding: [number, number][] = [0, 1, 2, 3].map((i) => (i === axis ? [reach, reach] : [0, 0]));
    const padded = tf.mirrorPad(x, padding, "reflect") as tf.Tensor4D;
    const taps = Array.from({ length: side }, (_, i) => {
      const begin = [0, 0, 0, 0];
      begin[axis] = i;
      const own = weights.map((weight) => (weight ? weight[i]! : i === reach ? 1 : 0));
      return tf.mul(tf.slice(padded, begin, x.shape), tf.tensor4d(own, [own.length, 1, 1, 1])) as tf.Tensor4D;
    });
    return tf.addN(taps);
  };
  return along(along(images, 2), 1);
}

function checkSide(caller: string, argument: string, side: number): void {
  checkInteger(caller, argument, side, { min: 1 });
  if (side % 2 === 1) return;
  throw new ArgumentError(`${caller}: ${argument} is ${side}; an odd number was expected`, {
    argument,
    value: side,
  });
}

/**
 * Blurs each image, with a probability, by a Gaussian of random width.
 *
 * @param options - See {@link GaussianBlurOptions}.
 * @throws {@link ArgumentError} when an option is out of range.
 * @see Chen, Kornblith, Norouzi, Hinton (2020), SimCLR, appendix A.
 */
export function gaussianBlur(options: GaussianBlurOptions): Augmentation {
  checkSide("gaussianBlur", "kernel", options.kernel);
  const [low, high] = checkRange("gaussianBlur", "sigma", options.sigma ?? [0.1, 2], { above: 0 });
  const probability = checkNumber("gaussianBlur", "probability", options.probability ?? 1, {
    min: 0,
    max: 1,
  });
  return (images, generator) => {
    checkImages("gaussianBlur", images);
    const numbers = drawNumbers(generator, images.shape[0], 2);
    const sigmas = Array.from({ length: images.shape[0] }, (_, i) =>
      numbers[2 * i]! < probability ? low + (high - low) * numbers[2 * i + 1]! : 0,
    );
    return blur(images, sigmas, options.kernel);
  };
}
