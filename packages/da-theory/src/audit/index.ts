/**
 * What a setting does to each class, and what is known about it: synchronous, typed arrays in, plain objects out, no
 * tensors and no backend.
 *
 * @packageDocumentation
 */
export { type AuditOptions, auditClasses } from "./audit-classes.js";
export { type ClassRegretOptions, classRegret } from "./class-regret.js";
export { parsePredictions } from "./parse-predictions.js";
export { type RingAccuracies, type RingModelOptions, ringModel } from "./ring-model.js";
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
} from "./statistics.js";
export type {
  AuditInput,
  AuditTest,
  AverageEffect,
  ClassAudit,
  ClassEffect,
  ClassRegret,
  ClassVerdict,
  Heterogeneity,
  RegretOfClass,
  Run,
  StrengthCorrelation,
  TakenBy,
  WorstClass,
} from "./types.js";
