export {
  dictionaryMosaic,
  type MosaicOptions,
  type PicturesOptions,
  picturesOf,
  unitDecodings,
} from "./mosaic.js";
