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
  normal,
  point,
  type ShiftMasses,
  shiftMasses,
  uniform,
} from "./translation/distribution.js";
export {
  type Boundary,
  type TranslationMoments,
  type TranslationOptions,
  translateHost,
  translationMomentsHost,
} from "./translation/moments.js";
