/**
 * A small seeded highway, exact ego kinematics, world models, and policies trained through them.
 *
 * Everything is here; the subpaths hold parts of it, for programs that load no more than they need.
 *
 * @packageDocumentation
 */

export * from "./costs/index.js";
export * from "./ego/index.js";
export * from "./evaluation.js";
export * from "./gradient/index.js";
export * from "./images.js";
export * from "./log/index.js";
export * from "./network/public.js";
export * from "./ngsim/index.js";
export * from "./pictures.js";
export * from "./planning/index.js";
export * from "./policy/index.js";
export * from "./scene/index.js";
export * from "./simulation/index.js";
export * from "./world/index.js";
