export { type EnergyTerms, type EnergyWeights, energy } from "./energy.js";
export { type InferOptions, type InferProgress, type InferResult, infer } from "./infer.js";
export {
  type HostProblem,
  type InferHostOptions,
  type InferHostResult,
  inferHost,
} from "./infer-host.js";
