export { type CachedGradientsOptions, cachedGradients } from "./cached-gradients.js";
export { FeatureQueue, type QueueState } from "./feature-queue.js";
export { momentumUpdate } from "./momentum-update.js";
