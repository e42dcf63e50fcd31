export {
  extractPatches,
  type LocalContrast,
  type LocalContrastOptions,
  localContrastNormalize,
  type RandomPatchOptions,
} from "./patches.js";
export { type StrokesOptions, strokes } from "./strokes.js";
