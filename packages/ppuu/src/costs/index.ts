export { type CostInput, type CostModel, type CostSpec, type CostValue, combine } from "./cost-model.js";
export { type VectorCostWeights, vectorCosts } from "./vector-costs.js";
