export { type ClonePolicyOptions, clonePolicy } from "./clone-policy.js";
export { costsOf, type GradientPath, type Imagined, type ImagineOptions, imagine } from "./imagine.js";
export { type MlpPolicyOptions, mlpPolicy } from "./mlp-policy.js";
export { policyFromModel } from "./model-policy.js";
export type { Perturbation } from "./perturbation.js";
export type { PlanSettings, Policy, PolicySpec, TrainablePolicy } from "./policy.js";
export { replayPolicy } from "./replay-policy.js";
export { type IdmPolicyOptions, idmPolicy, noAction } from "./simple-policies.js";
export {
  type PolicyUpdate,
  type TrainPolicyOptions,
  trainPolicy,
} from "./train-policy.js";
