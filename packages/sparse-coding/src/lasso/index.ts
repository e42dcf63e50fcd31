export { type LassoHostOptions, type LassoHostResult, lassoHost } from "./lasso-host.js";
export {
  type AlphaMaxOptions,
  alphaMax,
  type CompressedRows,
  type DualityGapOptions,
  dualityGap,
  type LassoPathOptions,
  lassoPath,
  type SparseCodes,
  type SparseEncodeOptions,
  sparseEncode,
} from "./sparse-encode.js";
