export { type BarlowTwinsOptions, barlowTwins } from "./barlow-twins.js";
export { type VicRegOptions, type VicRegResult, vicReg } from "./vic-reg.js";
