/**
 * Augmentation of batches of images, warps with gradients, patches and whitening.
 *
 * @packageDocumentation
 */
export { adjustColors, type ColorChange } from "./adjust-colors.js";
export { type Augmentation, pipeline, type Range } from "./augmentation.js";
export { blur, type GaussianBlurOptions, gaussianBlur } from "./blur.js";
export { type ColorJitterOptions, colorJitter } from "./color-jitter.js";
export { type CutoutOptions, cutout } from "./cutout.js";
export { type FlipAxis, flip, type RandomFlipOptions, randomFlip } from "./flip.js";
export { grayscale, type RandomGrayscaleOptions, randomGrayscale } from "./grayscale.js";
export { type AffineGridOptions, affineGrid, type GridSampleOptions, gridSample } from "./grid-sample.js";
export { normalizeImageNet } from "./normalize-image-net.js";
export {
  type CombinePatchesOptions,
  combinePatches,
  extractPatches,
  type PatchOptions,
} from "./patches.js";
export { type Box, type RandomResizedCropOptions, randomResizedCrop, resizedCrop } from "./resized-crop.js";
export type { SamplePadding } from "./sample-coordinates.js";
export { type SolarizeOptions, solarize } from "./solarize.js";
export { type Whitened, type WhitenOptions, whiten } from "./whiten.js";
