/**
 * What the tests of lab packages share: the reference generator of the golden values, closeness, numerical gradients.
 *
 * @packageDocumentation
 */
export { type Closeness, expectClose, type Values } from "./closeness.js";
export { gaussians, mulberry32 } from "./mulberry32.js";
export { numericalGradient } from "./numerical-gradient.js";
