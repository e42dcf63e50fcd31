export type { WeightsSpec } from "./weights.js";
