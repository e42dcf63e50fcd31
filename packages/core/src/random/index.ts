/**
 * Reproducible random numbers: counter based, splittable, serialisable.
 *
 * @packageDocumentation
 */
export { Generator, type GeneratorState } from "./generator.js";
