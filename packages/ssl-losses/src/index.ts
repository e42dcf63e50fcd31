/**
 * Contrastive, spectral and coding-rate objectives of self-supervised learning, with the diagnostics of collapse.
 *
 * @packageDocumentation
 */
export * from "./contrastive/index.js";
export * from "./hypersphere/index.js";
export * from "./redundancy/index.js";
