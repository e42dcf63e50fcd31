export { type CostInput, type CostModel, type CostSpec, type CostValue, combine } from "./cost-model.js";
export { type ImageCostWeights, imageCosts } from "./image-costs.js";
export {
  type Passes,
  type UncertaintyCost,
  type UncertaintyCostOptions,
  type UncertaintyStats,
  uncertaintyCost,
  variances,
} from "./uncertainty-cost.js";
export { type VectorCostWeights, vectorCosts } from "./vector-costs.js";
