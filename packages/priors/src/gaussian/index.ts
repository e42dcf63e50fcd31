export { blockedSum } from "./blocked-sum.js";
export { GaussianPrior, type GaussianPriorOptions, type ScaleOptions } from "./gaussian-prior.js";
export type { MomentVectors } from "./moments.js";
