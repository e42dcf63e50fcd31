import { ArgumentError, checkChoice, checkInteger, checkNumber } from "@lab/core";
import { adamw } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { type FitOptions, fit } from "@lab/core/train";
import type { TrafficLog } from "../log/traffic-log.js";
import { carsWorld } from "./cars-world.js";
import { cnnWorldModel } from "./cnn-world.js";
import { jointWorldModel } from "./joint-world.js";
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

/** Kinds of world models that learn. */
export type LearnedKind = "cars" | "joint" | "cfm" | "cfm-km" | "dfm-km";

/** A model that {@link trainWorldModel} makes before it trains it. */
export interface NewWorld {
  /** Which model; image models are small ones, but for `cfm`, which has one size. */
  kind: LearnedKind;
  /** Latent variables of an image model: how many, the weight of their divergence, the share of blind steps. */
  latent?: { size?: number; beta?: number; dropout?: number };
}

/** A model that is there. */
export interface GivenWorld<W extends LearnedWorldModel> {
  /** The model; it is changed in place. */
  world: W;
}

/** Options of {@link trainWorldModel}. */
export interface TrainWorldModelOptions {
  /** Updates. */
  updates: number;
  /** Windows of an update. @defaultValue 64 */
  batch?: number;
  /** Predicted steps. @defaultValue 8 */
  horizon?: number;
  /** Frames of history. @defaultValue those that the model sees, 2 for models of cars */
  frames?: number;
  /** Learning rate of the first update; it falls linearly to 0. @defaultValue 2e-3 */
  learningRate?: number;
  /** Seed of a new model's weights, of the windows and of what the loss draws. */
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
 * @param options - See {@link TrainWorldModelOptions}, with a `world`, or with the `kind` of a new one.
 * @returns The world that was given or made; `on` tells the losses.
 * @throws {@link ArgumentError} when an option is out of range.
 * @throws {@link NumericalError} with the update, when the loss is not finite.
 * @throws {@link DataError} when no car of the log is present for long enough.
 */
export async function trainWorldModel<W extends LearnedWorldModel>(
  log: TrafficLog,
  options: TrainWorldModelOptions & GivenWorld<W>,
): Promise<W>;
export async function trainWorldModel(
  log: TrafficLog,
  options: TrainWorldModelOptions & NewWorld,
): Promise<LearnedWorldModel>;
export async function trainWorldModel(
  log: TrafficLog,
  options: TrainWorldModelOptions & (NewWorld | GivenWorld<LearnedWorldModel>),
): Promise<LearnedWorldModel> {
  const { signal } = options;
  const updates = checkInteger("trainWorldModel", "updates", options.updates, { min: 1 });
  const batch = checkInteger("trainWorldModel", "batch", options.batch ?? 64, { min: 1 });
  const horizon = checkInteger("trainWorldModel", "horizon", options.horizon ?? 8, { min: 1 });
  if (options.frames !== undefined) checkInteger("trainWorldModel", "frames", options.frames, { min: 1 });
  const rate = checkNumber("trainWorldModel", "learningRate", options.learningRate ?? 2e-3, { above: 0 });
  const generator = new Generator(options.seed).split("train-world-model");
  const isGiven = "world" in options;
  const world = isGiven ? options.world : newWorld(options, options.seed);
  const frames = options.frames ?? ("frames" in world ? (world.frames as number) : 2);
  const optimizer = adamw({ learningRate: rate, weightDecay: 0 });
  try {
    await fit({
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
    return world;
  } catch (error) {
    if (!isGiven) world.dispose();
    throw error;
  } finally {
    optimizer.dispose();
  }
}

/** The model that `kind` names. */
function newWorld({ kind, latent }: NewWorld, seed: number): LearnedWorldModel {
  checkChoice("trainWorldModel", "kind", kind, ["cars", "joint", "cfm", "cfm-km", "dfm-km"] as const);
  if (kind !== "cars" && kind !== "joint") {
    const { size: latentSize, beta, dropout: latentDropout } = latent ?? {};
    return cnnWorldModel({
      kind,
      size: kind === "cfm" ? "full" : "small",
      seed,
      ...(latentSize !== undefined && { latentSize }),
      ...(beta !== undefined && { beta }),
      ...(latentDropout !== undefined && { latentDropout }),
    });
  }
  if (latent !== undefined) {
    throw new ArgumentError(
      `trainWorldModel: latent is given for kind "${kind}", which has no latent variables; "cfm", "cfm-km" or "dfm-km" was expected`,
      { argument: "latent", value: latent },
    );
  }
  return kind === "cars" ? carsWorld({ seed }) : jointWorldModel({ seed });
}
