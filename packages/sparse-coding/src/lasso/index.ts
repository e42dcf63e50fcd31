/**
 * Sparse codes against a fixed dictionary, in the textbook's scaling $\frac12\lVert y - Dz \rVert^2 + \alpha\lVert z\rVert_1$.
 *
 * @packageDocumentation
 */
export { type DualityGapOptions, dualityGap } from "./duality-gap.js";
export { type AlphaMaxOptions, alphaMax, type LassoPathOptions, lassoPath } from "./lasso-path.js";
export type { CompressedRows, SparseCodes } from "./sparse-codes.js";
export { type SparseEncodeOptions, sparseEncode } from "./sparse-encode.js";
