/**
 * Planning through a world model: model-predictive control by gradients, sampling, a grid or curvature.
 *
 * @packageDocumentation
 */

export { type DistillOptions, distill } from "./distill.js";
export { type MpcOptions, mpc, type Planner } from "./mpc.js";
