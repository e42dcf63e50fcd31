import { ArgumentError, checkChoice, checkInteger, checkNumber, NumericalError } from "@lab/core";
import { adamw } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { type FitOptions, fit, type History as TrainingHistory } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { CostModel } from "../costs/cost-model.js";
import type { EgoModel } from "../ego/ego-model.js";
import type { TrafficLog } from "../log/traffic-log.js";
import type { History, Place } from "../scene/scene.js";
import { disposeHistory, historyFromLog, samplePlaces } from "../scene/windows.js";
import type { WorldModel } from "../world/world-model.js";
import { ClippingOptimizer } from "./clipping-optimizer.js";
import { costsOf, discounts, type GradientPath, imagine } from "./imagine.js";
import { type Perturbation, perturbed } from "./perturbation.js";
import type { TrainablePolicy } from "./policy.js";

/** Figures of one update. */
export interface PolicyUpdate {
  /** `update`. */
  type: "update";
  /** Updates made so far, from 1. */
  step: number;
  /** Discounted mean cost. */
  loss: number;
  /** Mean of each part of the cost, without its weight. */
  parts: Record<string, number>;
  /** Norm of the gradients before clipping. */
  gradNorm: number;
}

/** Options of {@link trainPolicy}. */
export interface TrainPolicyOptions<P extends TrainablePolicy> {
  /** The policy; it is changed in place. */
  policy: P;
  /** The world that is imagined. */
  world: WorldModel;
  /** The ego model; must be left out where the world predicts the ego. */
  ego?: EgoModel;
  /** What is to be small. */
  costs: CostModel;
  /** Where futures begin. */
  log: TrafficLog;
  /** Imagined steps. @defaultValue 15 */
  horizon?: number;
  /** Futures of an update. @defaultValue 64 */
  batch?: number;
  /** Updates. */
  steps: number;
  /** Turns gradients into updates. @defaultValue Adam, with a rate that falls from 3e-3 to 1e-5 */
  optimizer?: tf.Optimizer;
  /** Learning rate of update `t`, from 0. @defaultValue linear from 3e-3 to 1e-5 with the default optimizer */
  schedule?: (t: number) => number;
  /** Largest norm of the gradients. @defaultValue 1 */
  clipNorm?: number;
  /** Weight of a cost for each step it is later. @defaultValue 0.99 */
  gamma?: number;
  /**
   * How far futures start beside the recorded state, or `false` for not at all. Needs a world that does not predict the
   * ego: only then does nothing depend on the ego's past.
   * @defaultValue `{ y: 0.4, heading: 0.02, speed: 0.7 }`, and `false` where the world predicts the ego
   */
  perturb?: Perturbation | false;
  /** Places of the log at which a future may begin, such as {@link keepsLane} tells them. @defaultValue all */
  starts?: (place: Place) => boolean;
  /** Whether gradients pass through the ego alone or also through its effect on the others. @defaultValue `"ego"` */
  gradient?: GradientPath;
  /** Frames of history that the world sees. @defaultValue 2 */
  frames?: number;
  /** Seed of the places and perturbations. */
  seed: number;
  /** File or store of the checkpoint, from which an interrupted run goes on. @defaultValue none */
  checkpoint?: Exclude<FitOptions<unknown>["checkpoint"], undefined>;
  /** Stops the run; the state is saved first where there is a checkpoint. */
  signal?: AbortSignal;
  /** Receives the figures of each update. */
  on?: (event: PolicyUpdate) => void;
}

/**
 * Trains a policy by imagining: rolls ego and world forward and follows the gradient of the cost back to the policy.
 *
 * With a world that is separate from the ego, gradients reach the policy through the ego's exact kinematics alone.
 *
 * @param options - See {@link TrainPolicyOptions}.
 * @returns The policy that was given, and what was done.
 * @throws {@link ArgumentError} when options contradict each other.
 * @throws {@link NumericalError} with the update, the row and the part of the cost, when a cost is not finite.
 * @throws {@link DataError} when no car of the log is present for long enough, or hardly any place is accepted.
 * @see Sobal et al. (2022), Separating the world and ego models for self-driving, section 3.
 */
export async function trainPolicy<P extends TrainablePolicy>(
  options: TrainPolicyOptions<P>,
): Promise<{ policy: P; history: TrainingHistory }> {
  const { policy, world, ego, costs, log, signal } = options;
  const horizon = checkInteger("trainPolicy", "horizon", options.horizon ?? 15, { min: 1 });
  const batch = checkInteger("trainPolicy", "batch", options.batch ?? 64, { min: 1 });
  const steps = checkInteger("trainPolicy", "steps", options.steps, { min: 1 });
  const gamma = checkNumber("trainPolicy", "gamma", options.gamma ?? 0.99, { above: 0, max: 1 });
  const frames = checkInteger("trainPolicy", "frames", options.frames ?? 2, { min: 1 });
  const gradient = checkChoice("trainPolicy", "gradient", options.gradient ?? "ego", [
    "ego",
    "ego+world",
  ] as const);
  checkPair("trainPolicy", world, ego);
  if (options.perturb && world.predictsEgo) {
    throw new ArgumentError(
      `trainPolicy: perturb is given and the world "${world.kind}" predicts the ego from its past; false was expected`,
      { argument: "perturb", value: options.perturb },
    );
  }
  const perturb = world.predictsEgo ? false : (options.perturb ?? {});
  const generator = new Generator(options.seed).split("train-policy");
  const weights = tf.tensor1d(discounts(horizon, batch, gamma));
  const partNames: string[] = [];
  const begin = (t: number) => {
    const draws = generator.split(t);
    const places = samplePlaces(log, batch, frames - 1, horizon, draws, options.starts);
    const history = historyFromLog(log, places, frames);
    return { history, start: perturbed(history, perturb, draws.split("perturb")), seed: t };
  };
  type Batch = ReturnType<typeof begin>;
  const imagined = ({ history, start, seed }: Batch) => {
    const future = imagine({
      world,
      ego,
      history,
      start,
      horizon,
      gradient,
      seed,
      act: (at, scene) => policy({ ego: at, scene, car: history.car, history }),
    });
    return costsOf(future, costs, history.car);
  };
  const defaultRate = (t: number) => 3e-3 + ((1e-5 - 3e-3) * t) / Math.max(1, steps - 1);
  const schedule = options.schedule ?? (options.optimizer ? undefined : defaultRate);
  const optimizer = options.optimizer ?? adamw({ learningRate: 3e-3, weightDecay: 0 });
  const clipping = new ClippingOptimizer(
    optimizer,
    checkNumber("trainPolicy", "clipNorm", options.clipNorm ?? 1, { above: 0 }),
  );
  try {
    const history = await fit<Batch>({
      steps,
      batches: begin,
      step(given) {
        const { total, parts } = imagined(given);
        partNames.splice(0, partNames.length, ...Object.keys(parts));
        const means = Object.entries(parts).map(([name, part]) => [`part/${name}`, tf.mean(part)]);
        return { loss: tf.sum(tf.mul(total, weights)), ...Object.fromEntries(means) };
      },
      optimizer: clipping,
      ...(schedule && { schedule }),
      variables: policy.parameters(),
      ...(options.checkpoint && { checkpoint: options.checkpoint }),
      ...(signal && { signal }),
      async on({ type, step, scalars }) {
        if (type !== "step") return;
        const gradNorm = await clipping.norm();
        options.on?.({ type: "update", step, loss: scalars.loss!, parts: partsOf(scalars), gradNorm });
      },
    });
    return { policy, history };
  } catch (error) {
    if (!(error instanceof NumericalError) || error.iteration === undefined) throw error;
    throw await culprit(error, begin(error.iteration - 1), imagined, batch);
  } finally {
    weights.dispose();
    clipping.forget();
    if (!options.optimizer) optimizer.dispose();
  }
}

/** Refuses a world that predicts the ego together with an ego model, and one that does not without. */
export function checkPair(caller: string, world: WorldModel, ego: EgoModel | undefined): void {
  if (world.predictsEgo === (ego === undefined)) return;
  throw new ArgumentError(
    `${caller}: ego is ${ego ? "given" : "left out"} and the world "${world.kind}" ${world.predictsEgo ? "predicts" : "does not predict"} the ego; ${world.predictsEgo ? "no ego model" : "an ego model"} was expected`,
    { argument: "ego", value: ego?.spec.kind },
  );
}

/** The parts of the cost among the figures of an update. */
export function partsOf(scalars: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(scalars)
      .filter(([name]) => name.startsWith("part/"))
      .map(([name, value]) => [name.slice(5), value]),
  );
}

/** The same failure with the first row and part of the cost that is not finite. */
async function culprit<B extends { history: History; start: tf.Tensor2D | undefined }>(
  error: NumericalError,
  given: B,
  imagined: (given: B) => { parts: Record<string, tf.Tensor1D> },
  batch: number,
): Promise<NumericalError> {
  const { parts } = tf.tidy(() => ({ parts: imagined(given).parts }));
  const values = await Promise.all(
    Object.entries(parts).map(async ([name, part]) => ({ name, data: await part.data() })),
  );
  tf.dispose(Object.values(parts));
  disposeHistory(given.history);
  given.start?.dispose();
  const firsts = values
    .map(({ name, data }) => ({ name, at: data.findIndex((value: number) => !Number.isFinite(value)), data }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  const first = firsts[0];
  if (!first) return error;
  return new NumericalError(
    `trainPolicy: the part "${first.name}" of the cost is ${first.data[first.at]} in update ${error.iteration}, imagined step ${Math.floor(first.at / batch)}, row ${first.at % batch}; a finite value was expected`,
    { iteration: error.iteration, residual: first.data[first.at] },
    { cause: error },
  );
}
