export {
  type Attempt,
  type ClusterFeaturesOptions,
  type ClusterFeaturesResult,
  clusterFeatures,
  type HeadsOptions,
} from "./cluster-features.js";
export {
  type GumbelSoftmaxOptions,
  gumbelSoftmax,
  type NmceLossOptions,
  type NmceLossResult,
  type NmceViews,
  nmceLoss,
  totalCodingRate,
} from "./nmce-loss.js";
