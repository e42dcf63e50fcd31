/**
 * Driving: an environment in the manner of Gymnasium, and evaluations over many episodes.
 *
 * @packageDocumentation
 */

export * from "./environment/index.js";
export * from "./evaluation/index.js";
