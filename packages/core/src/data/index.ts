/**
 * Data sets: batching and shuffling, readers of common files, generated pictures.
 *
 * @packageDocumentation
 */
export type { Batched } from "./collate.js";
export type { BatchOptions, Dataset, ShuffleOptions } from "./dataset.js";
export { datasetOf } from "./from-plan.js";
export { type GlyphsOptions, glyphs } from "./glyphs/glyphs.js";
export type { ImageArrays, ImageRange, ImageSet, LabelledImage } from "./image-set.js";
