/**
 * Sparse codes that do not collapse: solvers, decoders, encoders, dictionary learning.
 *
 * @packageDocumentation
 */
export * from "./decoders/index.js";
export * from "./inference/index.js";
export * from "./lasso/index.js";
export * from "./prox/index.js";
