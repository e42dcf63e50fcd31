export { klDivergence } from "./layers.js";
export type { WeightsSpec } from "./weights.js";
