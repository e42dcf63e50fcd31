import type { ExperimentContext } from "@lab/core/experiment";
import { classSweep } from "../sweep/class-sweep.js";
import type { SweepSetting } from "../sweep/sweep-handler.js";

/** The second paper. */
export const classPaper = {
  title: "The Effects of Regularization and Data Augmentation are Class Dependent",
  authors: "R. Balestriero, L. Bottou, Y. LeCun",
  year: 2022,
  arxiv: "2204.03632",
} as const;

/** A setting, and where it stands on the axis of its strength. */
export interface Arm extends SweepSetting {
  /** Its name. */
  name: string;
  /** Where it stands on the axis of the figure. */
  strength?: number;
}

/** One training and its settings. */
export interface Part {
  /** Which built-in training. */
  training: "mlp-mnist" | "cnn-cifar";
  /** Settings, the reference first. */
  arms: Arm[];
  /** Options of the training. */
  options: Record<string, unknown>;
}

/** Parameters: what is swept. */
export interface SweepParams {
  /** What is swept, data set by data set. */
  parts: Part[];
}

/** Predictions of one seed. */
export interface SeedResult {
  /** Data set by data set; predictions setting by setting. */
  parts: {
    training: string;
    data: string;
    labels: number[];
    classNames: string[] | null;
    predictions: number[][];
  }[];
}

/** The reference. */
export const NONE = "none";

/** Crops and mirror images. */
export function cropFlip(low: number, flip: number): Arm {
  return {
    name: `crop ≥ ${low} + flip ${flip}`,
    transform: { crop: { scale: [low, 1] }, flip },
    strength: Math.round(100 * (1 - low)) / 100,
  };
}

/** Crops alone. */
export const crop = (low: number): Arm => ({
  name: `crop ≥ ${low}`,
  transform: { crop: { scale: [low, 1] } },
});
/** Weight decay alone. */
export const decay = (weightDecay: number): Arm => ({ name: `decay ${weightDecay}`, weightDecay });
/** Neither augmentation nor decay. */
export const none: Arm = { name: NONE, strength: 0 };

/** Pictures at half the size and a higher rate: a quarter of the cost of the full protocol, in as many steps. */
export const QUICK = { halve: true, hidden: 128, steps: 1500, learningRate: 1e-2 };

/** Trains every setting of every part with one seed. */
export async function runSweep(context: ExperimentContext<SweepParams>): Promise<SeedResult> {
  const { params, seed, signal, onProgress } = context;
  const total = params.parts.reduce((sum, part) => sum + part.arms.length, 0);
  let before = 0;
  const parts: SeedResult["parts"] = [];
  for (const { training, arms, options } of params.parts) {
    const result = await classSweep({
      settings: arms.map(({ strength: _, ...setting }) => setting),
      seeds: [seed],
      handler: training,
      store: context.store,
      options: { ...options, ...(context.data.dir !== undefined && { dir: context.data.dir }) },
      runner: context.runner,
      signal,
      onProgress: ({ done }) => onProgress({ done: before + done, total, message: training }),
    });
    before += arms.length;
    parts.push({
      training,
      data: result.data ?? "",
      labels: Array.from(result.labels),
      classNames: result.classNames ? [...result.classNames] : null,
      predictions: result.runs.map(({ predictions }) => Array.from(predictions!)),
    });
  }
  return { parts };
}
