/**
 * Sparse codes that do not collapse: solvers, decoders, encoders, dictionary learning.
 *
 * @packageDocumentation
 */
export {
  extractPatches,
  type LocalContrast,
  type LocalContrastOptions,
  localContrastNormalize,
  type RandomPatchOptions,
} from "./data/patches.js";
export { type StrokesOptions, strokes } from "./data/strokes.js";
export * from "./decoders/index.js";
export * from "./diagnostics/index.js";
export * from "./dictionary/index.js";
export * from "./encoder/index.js";
export * from "./evaluation/index.js";
export * from "./figures/index.js";
export * from "./inference/index.js";
export * from "./lasso/index.js";
export * from "./prox/index.js";
export * from "./training/index.js";
