export { type EmbeddingModel, embedding, type Predictor } from "./embedding.js";
export { blockMean, centerCrop, type ImageSubspaceOptions } from "./images.js";
export {
  type AffineHullResult,
  affineHull,
  pca,
  type RandomProjectionOptions,
  randomProjection,
} from "./linear.js";
export { compose, type Subspace } from "./subspace.js";
