import type { TaskContext, TaskHandler } from "@lab/core/jobs";
import type { TransformSpec } from "./transform-spec.js";

/** One setting of a sweep; plain JSON. */
export interface SweepSetting {
  /** Its name, or its strength. */
  name: string | number;
  /** Augmentation of the training images. */
  transform?: TransformSpec;
  /** Decoupled weight decay. */
  weightDecay?: number;
  /** Anything else that the handler knows; it goes before the sweep's own options. */
  options?: Readonly<Record<string, unknown>>;
}

/** One training of a sweep, as its handler receives it. */
export interface SweepTask {
  /** The setting. */
  setting: SweepSetting;
  /** Seed of the training. */
  seed: number;
  /** Options of the sweep and the setting. */
  options: Readonly<Record<string, unknown>>;
  /** Which built-in training; empty for a handler of one's own. */
  training: string;
}

/** What a training answers; plain JSON. */
export interface SweepOutput {
  /** Classes of the test images; the same for every training. */
  labels: number[];
  /** Predicted classes of the test images. */
  predictions: number[];
  /** Names of the classes. */
  classNames?: string[];
  /** Name of the data. */
  data?: string;
}

/**
 * Makes the default export of a module that trains one setting with one seed, for `classSweep`.
 *
 * @param train - Trains and predicts.
 * @returns A handler for `mapTasks`.
 * @example
 * ```ts
 * import { sweepHandler } from "@lab/da-theory";
 *
 * // In a module of its own: export default sweepHandler(...)
 * const handler = sweepHandler((setting, seed) => ({ labels: [0, 1], predictions: [0, seed % 2] }));
 * typeof handler; // => "function"
 * ```
 */
export function sweepHandler(
  train: (
    setting: SweepSetting,
    seed: number,
    context: TaskContext & { options: Readonly<Record<string, unknown>> },
  ) => SweepOutput | Promise<SweepOutput>,
): TaskHandler<SweepTask, SweepOutput> {
  return (task, context) => train(task.setting, task.seed, { ...context, options: task.options });
}
