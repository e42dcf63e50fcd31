/**
 * Worlds, costs and policies on context images, and the raster that makes and reads such images.
 *
 * @packageDocumentation
 */

export { type ImageCostWeights, imageCosts } from "./costs/image-costs.js";
export {
  type StepStats,
  type UncertaintyCost,
  type UncertaintyCostOptions,
  type UncertaintyStats,
  uncertaintyCost,
  variance,
} from "./costs/uncertainty-cost.js";
export { klDivergence } from "./network/layers.js";
export { type CnnPolicy, type CnnPolicyOptions, cnnPolicy } from "./policy/cnn-policy.js";
export * from "./raster/index.js";
export { cnnWorldModel } from "./world/cnn-world.js";
export type { CnnModule, CnnWorldModel, CnnWorldModelOptions } from "./world/cnn-world-model.js";
