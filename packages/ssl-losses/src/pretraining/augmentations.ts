import { checkChoice, checkInteger } from "@lab/core";
import {
  type Augmentation,
  colorJitter,
  gaussianBlur,
  pipeline,
  randomFlip,
  randomGrayscale,
  randomResizedCrop,
  solarize,
} from "@lab/core/image";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link simclrAugmentation}. */
export interface SimclrAugmentationOptions {
  /** Side of the views in pixels. */
  size: number;
  /**
   * `"imagenet"`: jitter 0.8/0.8/0.8/0.2 and blur; `"cifar"`: half of it without blur; `"directclr"`: jitter 0.4/0.4/0.2/0.1,
   * blur of every first and a tenth of the second views, a fifth of which is solarised; `"grey"`: crops and brightness, for
   * pictures of one channel, whose mirror image may be another class.
   * @defaultValue `"cifar"` up to 64 pixels, else `"imagenet"`
   */
  strength?: "imagenet" | "cifar" | "directclr" | "grey";
}

/** Values times a factor of each image, within ±40 %. */
const brightness: Augmentation = (images, generator) =>
  tf.tidy(() => {
    const factors = generator.uniform([images.shape[0], 1, 1, 1], 0.6, 1.4);
    return tf.clipByValue(tf.mul(images, factors), 0, 1) as tf.Tensor4D;
  });

/**
 * The random views of SimCLR: crop, flip, colour jitter, grey, blur, in this order; every image draws its own numbers.
 *
 * @param options - See {@link SimclrAugmentationOptions}.
 * @returns The augmentation of the first and of the second views, for {@link pretrain}; equal except for `"directclr"`.
 * @throws {@link ArgumentError} for an option out of range.
 * @remarks The blur's kernel is a tenth of the side, made odd. Pictures stay in [0, 1]: normalise in the backbone.
 * @see Chen, Kornblith, Norouzi, Hinton (2020), appendix A; Jing et al. (2022), released code.
 */
export function simclrAugmentation(
  options: SimclrAugmentationOptions,
): readonly [first: Augmentation, second: Augmentation] {
  const caller = "simclrAugmentation";
  const size = checkInteger(caller, "size", options.size, { min: 2 });
  const strength = checkChoice(caller, "strength", options.strength ?? (size <= 64 ? "cifar" : "imagenet"), [
    "imagenet",
    "cifar",
    "directclr",
    "grey",
  ] as const);
  const crop = randomResizedCrop(strength === "grey" ? { size, scale: [0.4, 1] } : { size });
  if (strength === "grey") {
    const view = pipeline(crop, brightness);
    return [view, view];
  }
  const kernel = 2 * Math.floor(size / 20) + 1;
  const [b, c, s, h] = {
    imagenet: [0.8, 0.8, 0.8, 0.2],
    cifar: [0.4, 0.4, 0.4, 0.1],
    directclr: [0.4, 0.4, 0.2, 0.1],
  }[strength] as [number, number, number, number];
  const jitter = colorJitter({ brightness: b, contrast: c, saturation: s, hue: h, probability: 0.8 });
  const grey = randomGrayscale({ probability: 0.2 });
  const common = [crop, randomFlip(), jitter, grey];
  if (strength === "cifar") {
    const view = pipeline(...common);
    return [view, view];
  }
  if (strength === "imagenet") {
    const view = pipeline(...common, gaussianBlur({ kernel, probability: 0.5 }));
    return [view, view];
  }
  return [
    pipeline(...common, gaussianBlur({ kernel, probability: 1 })),
    pipeline(...common, gaussianBlur({ kernel, probability: 0.1 }), solarize({ probability: 0.2 })),
  ];
}
