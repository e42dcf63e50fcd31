export { type CachedGradientsOptions, cachedGradients } from "./cached-gradients.js";
export { type DistributedGradientsOptions, distributedGradients } from "./distributed-gradients.js";
export { FeatureQueue, type QueueState } from "./feature-queue.js";
export { momentumUpdate } from "./momentum-update.js";
