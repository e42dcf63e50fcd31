/**
 * Certified convex-hull membership, distance and extrapolation measurement in high dimension.
 *
 * @packageDocumentation
 */

export type { Gauges } from "./cascade/gauges.js";
export { packCertificate, unpackCertificate } from "./certify/certificate-json.js";
export * from "./certify/index.js";
export {
  HullOutlierDetector,
  type HullOutlierDetectorOptions,
  type HullOutlierDetectorState,
  type HullScore,
} from "./detector/hull-outlier-detector.js";
export { ConvexHull, type SupportValues } from "./hull/convex-hull.js";
export { Distances, type SupportRows } from "./hull/distances.js";
export { Membership, type RateEstimate, type SolveStats } from "./hull/membership.js";
export type { HullOptions, QueryOptions, RunOptions } from "./hull/options.js";
export type { HullState } from "./hull/state.js";
export {
  type ActiveSets,
  type HullDistanceResult,
  hullDistance,
  hullPenalty,
} from "./penalty/hull-penalty.js";
export { type FromDatasetOptions, fromDataset } from "./points/dataset-source.js";
export {
  type CsvSourceOptions,
  csvSource,
  fileSource,
  idxSource,
  npySource,
} from "./points/file-sources.node.js";
export { type GeneratedSourceOptions, generatedSource } from "./points/generated-source.js";
export type { PointArray, PointSource, Points, SourceAddress } from "./points/points.js";
export { type MinNormPointOptions, type MinNormPointResult, minNormPoint } from "./solver/min-norm-point.js";
export { interpolationRate } from "./stats/interpolation-rate.js";
export * from "./subspaces/index.js";
export { type Verification, verifyCertificate } from "./verify/verify-certificate.js";
