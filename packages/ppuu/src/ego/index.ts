export { type BicycleOptions, bicycle } from "./bicycle.js";
export type { ActionLimits, EgoModel, EgoModelSpec } from "./ego-model.js";
export { type InferActionsOptions, inferActions, inferActionsHost } from "./infer-actions.js";
export { actionLimits } from "./limits.js";
export { absolutePose, relativePose, toDiffs } from "./relative-pose.js";
export { rolloutEgo, rolloutEgoHost } from "./rollout-ego.js";
export { type UnicycleOptions, unicycle } from "./unicycle.js";
