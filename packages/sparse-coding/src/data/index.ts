/**
 * Pictures to learn from: drawn strokes, patches of pictures in memory or in folders of any size, local contrast.
 *
 * @packageDocumentation
 */
export type { BatchPasses } from "../training/training-types.js";
export { type ImagePatchesOptions, imagePatches, type PictureSource } from "./image-patches.js";
export {
  extractPatches,
  type LocalContrast,
  type LocalContrastOptions,
  localContrastNormalize,
  type RandomPatchOptions,
} from "./patches.js";
export { type StrokesOptions, strokes } from "./strokes.js";
