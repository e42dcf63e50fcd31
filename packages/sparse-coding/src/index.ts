/**
 * Sparse codes that do not collapse: solvers, decoders, encoders, dictionary learning.
 *
 * @packageDocumentation
 */
export * from "./data/index.js";
export * from "./decoders/index.js";
export * from "./diagnostics/index.js";
export * from "./dictionary/index.js";
export * from "./encoder/index.js";
export * from "./evaluation/index.js";
export * from "./figures/index.js";
export * from "./inference/index.js";
export * from "./lasso/index.js";
export * from "./prox/index.js";
export * from "./training/index.js";
