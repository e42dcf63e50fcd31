/**
 * The reference of the solvers, in double precision on the host: lasso and inference over typed arrays.
 *
 * @packageDocumentation
 */
export type { HostProblem } from "../inference/gram-host.js";
export { type InferHostOptions, type InferHostResult, inferHost } from "../inference/infer-host.js";
export { type LassoHostOptions, type LassoHostResult, lassoHost } from "../lasso/lasso-host.js";
