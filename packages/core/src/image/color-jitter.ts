import { checkNumber } from "../check/index.js";
import { adjustColors, type ColorChange } from "./adjust-colors.js";
import { type Augmentation, checkImages, checkRange, drawNumbers, type Range } from "./augmentation.js";

/** Options of {@link colorJitter}; a number `n` stands for `[max(0, 1 - n), 1 + n]`, for hue for `[-n, n]`. */
export interface ColorJitterOptions {
  /** Range of the factor of the values. @defaultValue 0 */
  brightness?: number | Range;
  /** Range of the distance from the image's mean grey. @defaultValue 0 */
  contrast?: number | Range;
  /** Range of the distance from each pixel's grey. @defaultValue 0 */
  saturation?: number | Range;
  /** Range of the turn of the hue, within −0.5 and 0.5. @defaultValue 0 */
  hue?: number | Range;
  /** Probability for each image that anything changes. @defaultValue 1 */
  probability?: number;
}

const PER_IMAGE = 8; // chance, four amounts, three exchanges of the order
const UNCHANGED: ColorChange = { brightness: 1, contrast: 1, saturation: 1, hue: 0, order: [0, 1, 2, 3] };

/**
 * Changes brightness, contrast, saturation and hue of each image at random and in random order.
 *
 * @param options - See {@link ColorJitterOptions}.
 * @throws {@link ArgumentError} when an option is out of range.
 * @see `torchvision.transforms.ColorJitter`; the order is drawn anew for every image.
 */
export function colorJitter(options: ColorJitterOptions = {}): Augmentation {
  const factor = (name: "brightness" | "contrast" | "saturation"): Range => {
    const given = options[name] ?? 0;
    if (typeof given !== "number") return checkRange("colorJitter", name, given, { min: 0 });
    checkNumber("colorJitter", name, given, { min: 0 });
    return [Math.max(0, 1 - given), 1 + given];
  };
  const turn = (given: number | Range): Range => {
    if (typeof given !== "number") return checkRange("colorJitter", "hue", given, { min: -0.5, max: 0.5 });
    checkNumber("colorJitter", "hue", given, { min: 0, max: 0.5 });
    return [-given, given];
  };
  const ranges = [
    factor("brightness"),
    factor("contrast"),
    factor("saturation"),
    turn(options.hue ?? 0),
  ] as const;
  const probability = checkNumber("colorJitter", "probability", options.probability ?? 1, { min: 0, max: 1 });
  return (images, generator) => {
    checkImages("colorJitter", images, [3]);
    const numbers = drawNumbers(generator, images.shape[0], PER_IMAGE);
    const changes = Array.from({ length: images.shape[0] }, (_, i): ColorChange => {
      const own = numbers.subarray(i * PER_IMAGE, (i + 1) * PER_IMAGE);
      if (own[0]! >= probability) return UNCHANGED;
      const at = ([low, high]: Range, number: number) => low + (high - low) * number;
      return {
        brightness: at(ranges[0], own[1]!),
        contrast: at(ranges[1], own[2]!),
        saturation: at(ranges[2], own[3]!),
        hue: at(ranges[3], own[4]!),
        order: shuffled(own.subarray(5)),
      };
    });
    return adjustColors(images, changes);
  };
}

/** The numbers 0 to 3 in the order that three uniform numbers give. */
function shuffled(numbers: Float64Array): number[] {
  const order = [0, 1, 2, 3];
  for (let i = 3; i > 0; i--) {
    const j = Math.floor(numbers[3 - i]! * (i + 1));
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}
