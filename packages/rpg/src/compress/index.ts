export { attachGenerators } from "./attach-generators.js";
export { type CompressOptions, compress, type RingGroup } from "./compress.js";
export type { Compressed } from "./compressed.js";
export { exportModel } from "./export-model.js";
export { type DofReport, degreesOfFreedom } from "./report.js";
