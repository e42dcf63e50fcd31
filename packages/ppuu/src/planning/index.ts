/**
 * Planning through a world model: model-predictive control by gradients, sampling, a grid or curvature.
 *
 * @packageDocumentation
 */

export { type MpcOptions, mpc, type Planner } from "./mpc.js";
