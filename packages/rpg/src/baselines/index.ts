export { type Sparse, type SparsifyOptions, sparsify } from "./sparsify.js";
