import * as tf from "@tensorflow/tfjs-core";
import { ArgumentError } from "../errors/index.js";
import { callKernel, type HostKernel, hasHostKernel, registerHostKernel } from "../host-kernel/index.js";
import { adjustColorsOnDevice } from "./adjust-colors-device.js";
import { checkImages } from "./augmentation.js";
import { GREY, shiftHues } from "./color.js";

/** How the colours of one image change. */
export interface ColorChange {
  /** Factor of the values; 1 changes nothing. */
  brightness: number;
  /** Distance from the image's mean grey; 1 changes nothing. */
  contrast: number;
  /** Distance from each pixel's grey; 1 changes nothing. */
  saturation: number;
  /** Turns added to the hue; 0 changes nothing. */
  hue: number;
  /** Order of the four: 0 brightness, 1 contrast, 2 saturation, 3 hue. */
  order: readonly number[];
}

const NAME = "LabAdjustColors";

const kernel: HostKernel = {
  name: NAME,
  inputs: ["images"],
  outputShapes: ([shape]) => [shape!],
  compute([images], [out], [shape], { changes }) {
    const size = shape![1]! * shape![2]! * 3;
    out!.set(images!);
    for (const [b, change] of (changes as ColorChange[]).entries()) {
      const pixels = out!.subarray(b * size, (b + 1) * size);
      for (const operation of change.order) apply(operation, pixels, change);
    }
  },
};

const clamp = (value: number): number => (value < 0 ? 0 : value > 1 ? 1 : value);

function apply(operation: number, pixels: Float32Array, change: ColorChange): void {
  const [red, green, blue] = GREY;
  if (operation === 0) {
    const { brightness } = change;
    if (brightness === 1) return;
    for (let i = 0; i < pixels.length; i++) pixels[i] = clamp(pixels[i]! * brightness);
  } else if (operation === 1) {
    const { contrast } = change;
    if (contrast === 1) return;
    let sum = 0;
    for (let i = 0; i < pixels.length; i += 3) {
      sum += red * pixels[i]! + green * pixels[i + 1]! + blue * pixels[i + 2]!;
    }
    const offset = ((1 - contrast) * sum * 3) / pixels.length;
    for (let i = 0; i < pixels.length; i++) pixels[i] = clamp(pixels[i]! * contrast + offset);
  } else if (operation === 2) {
    const { saturation } = change;
    if (saturation === 1) return;
    for (let i = 0; i < pixels.length; i += 3) {
      const grey = red * pixels[i]! + green * pixels[i + 1]! + blue * pixels[i + 2]!;
      const offset = (1 - saturation) * grey;
      pixels[i] = clamp(pixels[i]! * saturation + offset);
      pixels[i + 1] = clamp(pixels[i + 1]! * saturation + offset);
      pixels[i + 2] = clamp(pixels[i + 2]! * saturation + offset);
    }
  } else {
    const { hue } = change;
    if (hue === 0) return;
    shiftHues(pixels, hue);
  }
}

/**
 * Changes brightness, contrast, saturation and hue of each image by its own amounts, in its own order.
 *
 * @param images - Shape `[batch, height, width, 3]`, values in [0, 1].
 * @param changes - One for each image.
 * @returns The shape of `images`, values in [0, 1]; the caller disposes it. No gradient is defined.
 * @throws {@link ArgumentError} when there is not one change an image, or an order is not one of the four.
 * @see `torchvision.transforms.functional.adjust_brightness` and its siblings, whose values these are.
 */
export function adjustColors(images: tf.Tensor4D, changes: readonly ColorChange[]): tf.Tensor4D {
  checkImages("adjustColors", images, [3]);
  if (changes.length !== images.shape[0]) {
    throw new ArgumentError(
      `adjustColors: changes holds ${changes.length}; ${images.shape[0]}, one an image, were expected`,
      { argument: "changes", value: changes.length },
    );
  }
  for (const [i, { order }] of changes.entries()) {
    if ([...order].sort().join() === "0,1,2,3") continue;
    throw new ArgumentError(
      `adjustColors: changes[${i}].order is ${JSON.stringify(order)}; the numbers 0 to 3 in some order were expected`,
      { argument: "changes", value: order },
    );
  }
  registerHostKernel(kernel);
  if (hasHostKernel(NAME)) return callKernel(NAME, { images }, { changes })[0] as tf.Tensor4D;
  return tf.tidy(() => adjustColorsOnDevice(images, changes));
}
