export { type ImportReferenceOptions, importReference, type ReferenceTarget } from "./import-reference.js";
export type { GeneratorOptions, GeneratorSpec, Target } from "./options.js";
export { ParameterGenerator } from "./parameter-generator.js";
export { weightDecayMatched } from "./weight-decay.js";
