export { type LoadOptions, loadArtifact } from "./load.js";
export { type PruneHandle, type PruneOptions, pruneRing } from "./prune.js";
export {
  dequantiseRing,
  fakeQuantise,
  type QuantisedRing,
  type QuantiseOptions,
  quantiseRing,
} from "./quantise.js";
export { type ArtifactInfo, inspectArtifact, type SaveOptions, saveArtifact } from "./save.js";
