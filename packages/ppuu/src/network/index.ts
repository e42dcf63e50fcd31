export { Mlp } from "./mlp.js";
export { assignWeights, type WeightsSpec, weightsToSpec } from "./weights.js";
