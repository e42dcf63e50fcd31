/**
 * Data sets: batching and shuffling, readers of common files, generated pictures.
 *
 * @packageDocumentation
 */

export { type Checksum, type DownloadOptions, download } from "../download/index.js";
export { type Cifar100Options, cifar10, cifar100 } from "./cifar.js";
export type { Batched } from "./collate.js";
export { type CsvOptions, type CsvRow, csv } from "./csv.node.js";
export type { BatchOptions, Dataset, ShuffleOptions } from "./dataset.js";
export {
  type CheckDataOptions,
  checkData,
  type DataCheck,
  type DownloadDataOptions,
  downloadData,
} from "./download/data-sets.node.js";
export { datasetOf } from "./from-plan.js";
export { type GlyphsOptions, glyphs } from "./glyphs/glyphs.js";
export { idx } from "./idx.js";
export type { IdxArray } from "./idx-format.js";
export { type ImageFolder, type ImageFolderOptions, imageFolder } from "./image-folder.node.js";
export type { ImageArrays, ImageRange, ImageSet, LabelledImage } from "./image-set.js";
export { type DataLocation, type FindDataOptions, findData } from "./locate.js";
export { fashionMnist, mnist, type SplitOptions } from "./mnist.js";
export { npy } from "./npy.js";
export { type OptdigitsOptions, optdigits } from "./optdigits.js";
export { type DataDownload, type DataName, type DataSource, dataSources } from "./sources.js";
