export { type RingIndexSpec, ringIndex, ringPosition, type Share } from "./ring-index.js";
export { newKey, type Seed } from "./seed.js";
