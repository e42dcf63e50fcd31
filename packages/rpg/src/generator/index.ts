export type { GeneratorOptions, GeneratorSpec, Target } from "./options.js";
export { ParameterGenerator } from "./parameter-generator.js";
