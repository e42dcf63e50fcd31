export { Mlp, type MlpOptions } from "./mlp.js";
export { assignWeights, fromBase64, toBase64, type WeightsSpec, weightsToSpec } from "./weights.js";
