/**
 * Exact probabilities of interpolation: how likely a fresh sample lies in the hull of n others. Pure numbers.
 *
 * @packageDocumentation
 */
export { type BallHullOptions, ballHullProbability } from "./ball.js";
export {
  baranyFurediRate,
  kingman,
  type PointCount,
  randomWalkHullProbability,
  type ValtrOptions,
  valtr,
  wendelProbability,
} from "./closed-forms.js";
export { type GaussianHullOptions, gaussianHullProbability, logGaussianHullProbability } from "./gaussian.js";
export {
  convexPositionThreshold,
  expectedExtremePoints,
  firstDirectionRejection,
  type Law,
  type SampleSizeOptions,
  sampleSizeForProbability,
} from "./sample-size.js";
