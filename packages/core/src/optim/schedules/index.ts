export { type ChainLink, chain } from "./chain.js";
export { constant } from "./constant.js";
export { type CosineOptions, cosine } from "./cosine.js";
export { type CyclicalOptions, cyclical } from "./cyclical.js";
export type { Schedule } from "./schedule.js";
export { type StepOptions, step } from "./step.js";
export { type WarmupOptions, warmup } from "./warmup.js";
