/**
 * A small seeded highway, exact ego kinematics, world models, and policies trained through them.
 *
 * @packageDocumentation
 */

export * from "./costs/index.js";
export * from "./ego/index.js";
export * from "./gradient/index.js";
export * from "./log/index.js";
export * from "./network/public.js";
export * from "./policy/index.js";
export * from "./scene/index.js";
export * from "./simulation/index.js";
export * from "./world/index.js";
