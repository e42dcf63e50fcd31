export { CovarianceAccumulator } from "./covariance-accumulator.js";
export { rankMe, type Spectrum, type SpectrumOptions, spectrum } from "./spectrum.js";
