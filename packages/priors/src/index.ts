/**
 * Informative priors for Bayesian transfer: posteriors of a source task as losses, samplers and averages.
 *
 * @packageDocumentation
 */
export { type BayesianModelAverageOptions, bayesianModelAverage } from "./averaging/index.js";
export { centred, type IsotropicOptions, isotropic } from "./baselines/index.js";
export {
  acceptanceFreeStationarity,
  effectiveSampleSize,
  rHat,
  type Stationarity,
} from "./diagnostics/index.js";
export {
  convertReferencePrior,
  encodePrior,
  inspectPrior,
  loadPrior,
  type MatchOptions,
  matchParameters,
  type PriorManifest,
  type PriorMetadata,
  type PriorPrecision,
  type ReferenceFiles,
  type SavePriorOptions,
  savePrior,
} from "./file/index.js";
export {
  GaussianPrior,
  type GaussianPriorOptions,
  type MomentVectors,
  type ScaleOptions,
} from "./gaussian/index.js";
export { type LayoutEntry, layoutOf, type ParameterLayout } from "./layout/index.js";
export {
  type HeadPrior,
  type PriorLoss,
  type PriorStep,
  priorStability,
  type Stability,
  type StabilityOptions,
  type WithPriorOptions,
  withPrior,
} from "./objective/index.js";
export {
  type LossSurfaceOptions,
  plotLossSurface,
  plotPriorSpectrum,
  plotReliability,
  plotScaleCurve,
} from "./plots/index.js";
export type { LogProbOptions, Prior } from "./prior.js";
export {
  type CyclicalCosineOptions,
  type CyclicalSchedule,
  cyclicalCosine,
  noiseDeviation,
  type PsgldOptions,
  psgld,
  type Sample,
  type Sampler,
  type SamplerOptions,
  type SampleSghmcOptions,
  type SghmcOptions,
  type SghmcSampler,
  sampleSghmc,
  sghmc,
  sgld,
} from "./samplers/index.js";
export {
  ggnDiagonal,
  type LogEvidenceOptions,
  logEvidence,
  type ScaleFit,
  type ScaleOf,
  type ScalePoint,
  type Score,
  type TuneScaleOptions,
  tuneScale,
} from "./scale/index.js";
export { SwagCollector, type SwagCollectorOptions, type SwagState } from "./swag/index.js";
