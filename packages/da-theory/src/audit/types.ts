import type { PlotSpec } from "@lab/core/plot";

/** The predictions of one trained model. */
export interface Run {
  /** Name or strength of what was changed. */
  setting: string | number;
  /** Seed of the training; runs of one seed under two settings are paired. */
  seed: number | string;
  /** Predicted class of each image. */
  predictions?: ArrayLike<number>;
  /** Instead of predictions: 1 where the model is right, else 0. */
  outcomes?: ArrayLike<number>;
}

/** What is audited: the predictions of several trainings for the same images. */
export interface AuditInput {
  /** Class of each image, from 0; any other grouping works with `outcomes`. */
  labels: ArrayLike<number>;
  /** The trainings. */
  runs: readonly Run[];
  /** Names of the classes. @defaultValue their numbers */
  classNames?: readonly string[];
}

/** How a difference between two settings is tested. */
export type AuditTest = "auto" | "pairedT" | "welch" | "signFlip" | "permutation" | "mcnemar";

/** Whether a class gains or loses, or why that is not known. */
export type ClassVerdict = "wins" | "loses" | "undecided" | "tooFewRuns";

/** Images of a class that another class gets. */
export interface TakenBy {
  /** The class that gets them. */
  class: number;
  /** Mean number of images of a run, beyond those it had got in the reference. */
  images: number;
}

/** What one setting does to one class. */
export interface ClassEffect {
  /** Number of the class. */
  class: number;
  /** Its name. */
  name: string;
  /** The setting. */
  setting: string | number;
  /** Test images of the class. */
  count: number;
  /** Mean accuracy over the runs of the setting. */
  accuracy: number;
  /** Interval of the accuracy. */
  interval: [number, number];
  /** Accuracy minus that of the reference. */
  delta: number;
  /** Interval of `delta`: runs and images resampled. */
  deltaInterval: [number, number];
  /** p value of no difference. */
  p: number;
  /** The same, adjusted for the number of classes. */
  adjustedP: number;
  /** Least p value that an exact test of this many runs can give. */
  minimumP: number;
  /** What follows. */
  verdict: ClassVerdict;
  /** Classes that got the images, most first; empty when runs have outcomes only. */
  takenBy: TakenBy[];
}

/** What one setting does to all images. */
export interface AverageEffect {
  /** The setting. */
  setting: string | number;
  /** Runs with this setting. */
  runs: number;
  /** Mean accuracy over images and runs. */
  accuracy: number;
  /** Interval of the accuracy. */
  interval: [number, number];
  /** Accuracy minus that of the reference; 0 for the reference itself. */
  delta: number;
  /** Interval of `delta`. */
  deltaInterval: [number, number];
  /** p value of no difference; 1 for the reference itself. */
  p: number;
}

/** Whether a setting's effect depends on the class at all. */
export interface Heterogeneity {
  /** The setting. */
  setting: string | number;
  /** Sum over classes of the squared mean residual of the effect. */
  statistic: number;
  /** p value of an effect that all classes share. */
  p: number;
  /** Least p value that this many runs can give. */
  minimumP: number;
}

/** What choosing by the average costs one class. */
export interface RegretOfClass {
  /** Number of the class. */
  class: number;
  /** Its name. */
  name: string;
  /** The setting that is best for the class. */
  best: string | number;
  /** Accuracy given up, chosen and measured on different runs; `NaN` with one run for a setting. */
  regret: number;
  /** The same, chosen and measured on the same runs: biased upwards. */
  naive: number;
}

/** What choosing by the average costs each class. */
export interface ClassRegret {
  /** The setting with the best average. */
  chosen: string | number;
  /** Classes, largest regret first. */
  classes: RegretOfClass[];
  /** Splits that were averaged; 0 when a setting has one run. */
  splits: number;
}

/** The worst class of a setting. */
export interface WorstClass {
  /** The setting. */
  setting: string | number;
  /** Number of the class. */
  class: number;
  /** Its mean accuracy. */
  accuracy: number;
  /** Best accuracy of a class minus the worst. */
  range: number;
}

/** Rank correlation of a class's accuracy with the strength. */
export interface StrengthCorrelation {
  /** Number of the class. */
  class: number;
  /** Spearman's coefficient over the settings; `NaN` where the accuracy does not vary. */
  spearman: number;
}

/** Outcome of `auditClasses`. */
export interface ClassAudit {
  /** Setting that the others are compared with. */
  reference: string | number;
  /** Every setting but the reference with every class. */
  effects: ClassEffect[];
  /** Every setting, the reference first. */
  average: AverageEffect[];
  /** Every setting but the reference. */
  heterogeneity: Heterogeneity[];
  /** What choosing by the average costs. */
  regret: ClassRegret;
  /** Worst class of every setting. */
  worst: WorstClass[];
  /** Accuracy against strength; empty unless three settings or more are numbers. */
  strength: StrengthCorrelation[];
  /** Runs that a setting lacks before an exact test could reach significance; 0 when none are missing. */
  runsMissing: number;
  /** The test that was used: `auto` resolved, for each setting but the reference. */
  tests: { setting: string | number; test: Exclude<AuditTest, "auto"> | "none" }[];
  /** The report as Markdown. */
  toMarkdown(): string;
  /** The report as plain data; `NaN` becomes `null`. */
  toJSON(): unknown;
  /** Accuracy against setting, effects on classes with intervals, and the table of classes and settings. */
  plots(): PlotSpec[];
}
