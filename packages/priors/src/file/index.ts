export { convertReferencePrior, type ReferenceFiles } from "./convert-reference-prior.js";
export { inspectPrior, loadPrior } from "./load-prior.js";
export type { PriorManifest, PriorMetadata, PriorPrecision } from "./manifest.js";
export { type MatchOptions, matchParameters } from "./match-parameters.js";
export { encodePrior, type SavePriorOptions, savePrior } from "./save-prior.js";
