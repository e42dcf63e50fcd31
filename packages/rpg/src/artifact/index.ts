export {
  type ArtifactInfo,
  inspectArtifact,
  type LoadOptions,
  loadArtifact,
  type SaveOptions,
  saveArtifact,
} from "./artifact.js";
export { type PruneHandle, type PruneOptions, pruneRing } from "./prune.js";
export {
  dequantiseRing,
  fakeQuantise,
  type QuantisedRing,
  type QuantiseOptions,
  quantiseRing,
} from "./quantise.js";
