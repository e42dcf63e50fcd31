/**
 * Exact moments of augmented images, and statistics of what a setting does to each class.
 *
 * @packageDocumentation
 */
export {
  adjustPValues,
  type Correction,
  clopperPearson,
  mcnemar,
  pairedTTest,
  type RunsNeededOptions,
  runsNeeded,
  type SignFlipResult,
  signFlipTest,
  type TestResult,
  welchTest,
} from "./audit/statistics.js";
export {
  type Distribution,
  discrete,
  normal,
  point,
  triangular,
  uniform,
} from "./distribution/distribution.js";
export { type ShiftMasses, shiftMasses } from "./distribution/shift-masses.js";
export { type ExpectedCrossEntropy, expectedCrossEntropy } from "./losses/expected-cross-entropy.js";
export {
  type LinearRegressionOptions,
  type LinearRegressionResult,
  linearRegressionUnderDA,
} from "./losses/linear-regression.js";
export type { Head, LossFunction, LossName, Model } from "./losses/model.js";
export {
  type LossMoments,
  type LossMomentsOptions,
  lossMoments,
  type OutputMoments,
  outputMoments,
} from "./losses/output-moments.js";
export {
  type AugmentationPenaltyOptions,
  augmentationPenalty,
  type TangentPenaltyOptions,
  tangentPenalty,
} from "./losses/penalties.js";
export {
  type SaliencyAlignment,
  type SaliencyAlignmentOptions,
  saliencyAlignment,
} from "./losses/saliency.js";
export { type AugmentationFactors, augmentationFactors } from "./moments/augmentation-factors.js";
export { type AugmentationScatter, augmentationScatter } from "./moments/augmentation-scatter.js";
export { augmentedMean } from "./moments/augmented-mean.js";
export { type AugmentedMoments, augmentedMoments, type NodeOutputs } from "./moments/augmented-moments.js";
export {
  type AugmentedMomentsHost,
  augmentedMomentsHost,
} from "./moments/augmented-moments-host.js";
export { CovarianceHost } from "./moments/covariance-host.js";
export type { CovarianceOperator, Eigenpairs } from "./moments/covariance-operator.js";
export type { CovarianceTerm, FactorRows } from "./moments/host-covariance.js";
export type { HostMoments } from "./moments/host-moments.js";
export type { Images } from "./moments/images.js";
export type { HostEigenpairs } from "./moments/krylov.js";
export type { ErrorReport, Rule, RuleOptions, RunOptions } from "./rules/rule.js";
export {
  type ConvergenceCurveOptions,
  type ConvergencePoint,
  convergenceCurve,
} from "./samples/convergence-curve.js";
export {
  covarianceSamplingError,
  type SamplesNeededOptions,
  samplesForCovariance,
  samplesForMean,
  samplesNeeded,
  type VectorSamplesOptions,
} from "./samples/samples-needed.js";
export { type AuditTransferOptions, auditTransfer, type FeatureExtractor } from "./sweep/audit-transfer.js";
export { type ClassSweepOptions, classSweep, type SweepResult } from "./sweep/class-sweep.js";
export { type LabelFlowPlotsOptions, labelFlowPlots } from "./sweep/label-flow-plots.js";
export {
  type LabelPreservation,
  type LabelPreservationOptions,
  labelPreservation,
} from "./sweep/label-preservation.js";
export { loadSweep } from "./sweep/load-sweep.js";
export {
  type SweepOutput,
  type SweepSetting,
  type SweepTask,
  sweepHandler,
} from "./sweep/sweep-handler.js";
export type { TransformSpec } from "./sweep/transform-spec.js";
export {
  type BrightnessOptions,
  brightness,
  type ContrastOptions,
  contrast,
  type HueOptions,
  hue,
  type SaturationOptions,
  saturation,
} from "./transforms/color.js";
export { compose, withProbability } from "./transforms/compose.js";
export { type CustomTransformOptions, customTransform } from "./transforms/custom.js";
export { type CutoutOptions, cutout } from "./transforms/cutout.js";
export { type HorizontalFlipOptions, horizontalFlip } from "./transforms/flip.js";
export { type GaussianBlurOptions, gaussianBlur } from "./transforms/gaussian-blur.js";
export { type GaussianNoiseOptions, gaussianNoise } from "./transforms/noise.js";
export { type PatchMaskOptions, patchMask } from "./transforms/patch-mask.js";
export { type RandomResizedCropOptions, randomResizedCrop } from "./transforms/random-resized-crop.js";
export type {
  Boundary,
  ImageShape,
  NodeSet,
  RandomTransform,
  TransformDefinition,
} from "./transforms/transform.js";
export {
  type AffineOptions,
  affine,
  type RotateOptions,
  rotate,
  type ShearOptions,
  shear,
  type TranslateOptions,
  translate,
  type ZoomOptions,
  zoom,
} from "./transforms/warps.js";
export {
  type TranslationMoments,
  type TranslationOptions,
  translateHost,
  translationMomentsHost,
} from "./translation/moments.js";
