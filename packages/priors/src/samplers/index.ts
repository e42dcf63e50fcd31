export { type CyclicalCosineOptions, type CyclicalSchedule, cyclicalCosine } from "./cyclical-cosine.js";
export { noiseDeviation } from "./noise.js";
export { type PsgldOptions, psgld } from "./psgld.js";
export { type Sample, type SampleSghmcOptions, sampleSghmc } from "./sample-sghmc.js";
export type { SamplerOptions } from "./sampler-options.js";
export { type SghmcOptions, type SghmcSampler, sghmc } from "./sghmc.js";
export { type Sampler, sgld } from "./sgld.js";
