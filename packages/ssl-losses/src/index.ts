/**
 * Contrastive, spectral and coding-rate objectives of self-supervised learning, with the diagnostics of collapse.
 *
 * @packageDocumentation
 */
export * from "./coding-rate/index.js";
export * from "./contrastive/index.js";
export * from "./dynamics/index.js";
export * from "./hypersphere/index.js";
export * from "./memory/index.js";
export * from "./nmce/index.js";
export * from "./redundancy/index.js";
export * from "./spectrum/index.js";
