/**
 * A small seeded highway, exact ego kinematics, world models, and policies trained or planned through them.
 *
 * @packageDocumentation
 */
export * from "./ego/index.js";
export * from "./gradient/index.js";
export * from "./log/index.js";
export * from "./simulation/index.js";
