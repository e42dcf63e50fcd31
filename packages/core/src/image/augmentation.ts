import type { Tensor4D } from "@tensorflow/tfjs-core";
import { clone, tidy } from "@tensorflow/tfjs-core";
import { checkDtype, checkNumber, checkRank } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import { Generator } from "../random/index.js";

/**
 * A random change of a batch of images, `[batch, height, width, channels]` with values in [0, 1].
 *
 * Every image draws its own numbers. Those of image `i` depend on the generator's state and on `i`, not on the size of
 * the batch. The result belongs to the caller.
 */
export type Augmentation = (images: Tensor4D, generator: Generator) => Tensor4D;

/** Two ends of an interval; a number `n` where an option allows it stands for an interval around its neutral value. */
export type Range = readonly [low: number, high: number];

/**
 * Augmentations one after another.
 *
 * @param augmentations - Applied in this order; none leaves the images as they are.
 * @returns An augmentation; each stage has its own generator, split off one that is drawn from the caller's.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { colorJitter, pipeline, randomFlip, randomResizedCrop } from "@lab/core/image";
 * import { Generator } from "@lab/core/random";
 *
 * await init();
 * const augment = pipeline(randomResizedCrop({ size: 8 }), randomFlip(), colorJitter({ brightness: 0.4 }));
 * const views = augment(tf.zeros([2, 16, 16, 3]), new Generator(1));
 * views.shape; // => [2, 8, 8, 3]
 * ```
 */
export function pipeline(...augmentations: readonly Augmentation[]): Augmentation {
  return (images, generator) => {
    const [low, high] = generator.words(2);
    const own = new Generator((BigInt(high!) << 32n) | BigInt(low!));
    return tidy(() =>
      augmentations.reduce((current, augment, stage) => augment(current, own.split(stage)), clone(images)),
    );
  };
}

/** Refuses anything but a float batch of images with one of these numbers of channels. */
export function checkImages(caller: string, images: Tensor4D, channels?: readonly number[]): void {
  checkRank(caller, "images", images, 4);
  checkDtype(caller, "images", images, ["float32"]);
  if (channels && !channels.includes(images.shape[3])) {
    throw new ArgumentError(
      `${caller}: images has shape [${images.shape}]; ${channels.join(" or ")} channels were expected`,
      { argument: "images", value: images.shape[3] },
    );
  }
}

/** Refuses an interval that is not in order or leaves its bounds. */
export function checkRange(
  caller: string,
  argument: string,
  range: Range,
  bounds: { min?: number; above?: number; max?: number },
): Range {
  if (!Array.isArray(range) || range.length !== 2) {
    throw new ArgumentError(`${caller}: ${argument} is ${JSON.stringify(range)}; two numbers were expected`, {
      argument,
      value: range,
    });
  }
  checkNumber(caller, `${argument}[0]`, range[0], bounds);
  checkNumber(caller, `${argument}[1]`, range[1], { ...bounds, min: range[0] });
  return range;
}

/** Numbers in [0, 1), `perImage` for each image, those of one image side by side. */
export function drawNumbers(generator: Generator, batch: number, perImage: number): Float64Array {
  return generator.float64(batch * perImage);
}
