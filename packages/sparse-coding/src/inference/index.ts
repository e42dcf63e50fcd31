export { type EnergyTerms, type EnergyWeights, energy } from "./energy.js";
export { infer } from "./infer.js";
export type { InferOptions, InferProgress, InferResult } from "./infer-options.js";
