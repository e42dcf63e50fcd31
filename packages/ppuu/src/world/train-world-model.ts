import { checkInteger, checkNumber } from "@lab/core";
import { adamw } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { type FitOptions, fit, type History as TrainingHistory } from "@lab/core/train";
import type { TrafficLog } from "../log/traffic-log.js";
import { sampleWindow } from "./training-window.js";
import type { LearnedWorldModel } from "./world-model.js";

/** Figures of one update of a world model. */
export interface WorldUpdate {
  /** `update`. */
  type: "update";
  /** Updates made so far, from 1. */
  step: number;
  /** Loss of the window. */
  loss: number;
}

/** Options of {@link trainWorldModel}. */
export interface TrainWorldModelOptions<W extends LearnedWorldModel> {
  /** The model; it is changed in place. */
  world: W;
  /** Updates. */
  updates: number;
  /** Windows of an update. @defaultValue 64 */
  batch?: number;
  /** Predicted steps. @defaultValue 8 */
  horizon?: number;
  /** Frames of history. @defaultValue 2 */
  frames?: number;
  /** Learning rate of the first update; it falls linearly to 0. @defaultValue 2e-3 */
  learningRate?: number;
  /** Seed of the windows and of what the loss draws. */
  seed: number;
  /** File or store of the checkpoint, from which an interrupted run goes on. @defaultValue none */
  checkpoint?: Exclude<FitOptions<unknown>["checkpoint"], undefined>;
  /** Stops the run; the state is saved first where there is a checkpoint. */
  signal?: AbortSignal;
  /** Receives the figures of each update. */
  on?: (event: WorldUpdate) => void;
}

/**
 * Trains a world model on recorded windows: predictions are fed back, and gradients pass through all steps.
 *
 * @param log - The log.
 * @param options - See {@link TrainWorldModelOptions}.
 * @returns The world that was given, and what was done.
 * @throws {@link ArgumentError} when an option is out of range.
 * @throws {@link NumericalError} with the update, when the loss is not finite.
 * @throws {@link DataError} when no car of the log is present for long enough.
 */
export async function trainWorldModel<W extends LearnedWorldModel>(
  log: TrafficLog,
  options: TrainWorldModelOptions<W>,
): Promise<{ world: W; history: TrainingHistory }> {
  const { world, signal } = options;
  const updates = checkInteger("trainWorldModel", "updates", options.updates, { min: 1 });
  const batch = checkInteger("trainWorldModel", "batch", options.batch ?? 64, { min: 1 });
  const horizon = checkInteger("trainWorldModel", "horizon", options.horizon ?? 8, { min: 1 });
  const frames = checkInteger("trainWorldModel", "frames", options.frames ?? 2, { min: 1 });
  const rate = checkNumber("trainWorldModel", "learningRate", options.learningRate ?? 2e-3, { above: 0 });
  const generator = new Generator(options.seed).split("train-world-model");
  const optimizer = adamw({ learningRate: rate, weightDecay: 0 });
  try {
    const history = await fit({
      steps: updates,
      batches: (t) => sampleWindow(log, batch, frames, horizon, generator.split(t)),
      step: (window, t) => world.loss(window, t),
      optimizer,
      schedule: (t) => rate * (1 - t / updates),
      variables: world.parameters(),
      clipNorm: 1,
      ...(options.checkpoint && { checkpoint: options.checkpoint }),
      ...(signal && { signal }),
      on({ type, step, scalars }) {
        if (type === "step") options.on?.({ type: "update", step, loss: scalars.loss! });
      },
    });
    return { world, history };
  } finally {
    optimizer.dispose();
  }
}
