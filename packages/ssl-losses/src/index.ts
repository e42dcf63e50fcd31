/**
 * Contrastive, spectral and coding-rate objectives of self-supervised learning, with the diagnostics of collapse.
 *
 * @packageDocumentation
 */
export {
  type CodingRateReductionOptions,
  type CodingRateReductionResult,
  checkMembership,
  codingRate,
  codingRateReduction,
  idealRateReduction,
  type RateOptions,
} from "./coding-rate/index.js";
export {
  type ContrastiveOptions,
  couplingFactors,
  type DecoupledContrastiveOptions,
  type DirectClrOptions,
  decoupledContrastive,
  directClr,
  type InfoNceOptions,
  infoNce,
  type MomentumInfoNceOptions,
  momentumInfoNce,
  ntXent,
  supCon,
  type ZeroRowsWarning,
} from "./contrastive/index.js";
export {
  alignedSingularValues,
  alignmentMatrix,
  type ContrastiveForce,
  contrastiveForce,
  type LinearState,
  type LinearTrace,
  type SimulateLinearOptions,
  type SimulateTwoLayersOptions,
  simulateLinear,
  simulateTwoLayers,
  type TwoLayersTrace,
} from "./dynamics/index.js";
export { alignment, uniformity } from "./hypersphere/index.js";
export {
  type ClusterManifoldsOptions,
  type ClusterManifoldsResult,
  clusterManifolds,
} from "./manifolds/index.js";
export {
  type CachedGradientsOptions,
  cachedGradients,
  type DistributedGradientsOptions,
  distributedGradients,
  FeatureQueue,
  momentumUpdate,
  type QueueState,
} from "./memory/index.js";
export {
  type Attempt,
  type ClusterFeaturesOptions,
  type ClusterFeaturesResult,
  clusterFeatures,
  type GumbelSoftmaxOptions,
  gumbelSoftmax,
  type HeadsOptions,
  type NmceLossOptions,
  type NmceLossResult,
  type NmceViews,
  nmceLoss,
  totalCodingRate,
} from "./nmce/index.js";
export {
  type ArrayDataset,
  arrayDataset,
  type EncodeDatasetOptions,
  type EncodedDataset,
  encodeDataset,
  type LabelledSplits,
  type Method,
  type MethodSettings,
  type PretrainEvent,
  type PretrainOptions,
  type PretrainResult,
  type ProjectorOptions,
  pretrain,
  projector,
  type Sample,
  type SimclrAugmentationOptions,
  simclrAugmentation,
  type ViewMaker,
} from "./pretraining/index.js";
export {
  type PreparedRecipe,
  type PrepareRecipeOptions,
  prepareRecipe,
  type Recipe,
  recipes,
} from "./recipes/index.js";
export {
  type BarlowTwinsOptions,
  barlowTwins,
  type VicRegOptions,
  type VicRegResult,
  vicReg,
} from "./redundancy/index.js";
export {
  CovarianceAccumulator,
  rankMe,
  type Spectrum,
  type SpectrumOptions,
  spectrum,
} from "./spectrum/index.js";
export {
  type ElasticNetClustersOptions,
  type ElasticNetClustersResult,
  elasticNetClusters,
} from "./subspaces/index.js";
