/**
 * Accuracy, calibration, clustering, image quality, intervals and probes of embeddings.
 *
 * @packageDocumentation
 */
export {
  accuracy,
  type ClassOptions,
  confusionMatrix,
  type MeanIoUOptions,
  meanIoU,
  perClassAccuracy,
} from "./accuracy.js";
export { brier, type EceOptions, ece, nll, type ScoreOptions } from "./calibration.js";
export { ari, clusterAccuracy, type NmiOptions, nmi } from "./clustering.js";
export type { LabelledEmbeddings, ProbeResult } from "./embeddings.js";
export { type PsnrOptions, psnr, type SsimOptions, ssim } from "./images.js";
export {
  type BootstrapOptions,
  bootstrapInterval,
  type Interval,
  type WilsonOptions,
  wilsonInterval,
} from "./intervals.js";
export { type KnnProbeOptions, knnProbe } from "./knn-probe.js";
export { type LinearProbeOptions, type LinearProbeResult, linearProbe } from "./linear-probe.js";
export type { Labels, ScoreKind } from "./read-values.js";
