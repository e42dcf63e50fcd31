import {
  ArgumentError,
  checkAborted,
  checkInteger,
  checkNumber,
  type Progress,
  yieldToEvents,
} from "@lab/core";
import { adamw } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { type FitOptions, fit, type History as TrainingHistory } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { EgoModel } from "../ego/ego-model.js";
import { rolloutEgo } from "../ego/rollout-ego.js";
import { frameOf } from "../gradient/frame-of.js";
import type { TrafficLog } from "../log/traffic-log.js";
import { presentOf } from "../policy/imagine.js";
import { mlpPolicy } from "../policy/mlp-policy.js";
import { type Perturbation, perturbed } from "../policy/perturbation.js";
import type { TrainablePolicy } from "../policy/policy.js";
import { NUM_TRACKED } from "../scene/tracked-cars.js";
import { disposeHistory } from "../scene/windows.js";
import { sampleWindow } from "../world/training-window.js";
import type { Planner } from "./mpc.js";

/** Options of {@link distill}. */
export interface DistillOptions {
  /** Makes the plans that are imitated. */
  teacher: Planner;
  /** Kinematics along a plan. */
  ego: EgoModel;
  /** Where plans begin; the others do along a plan what the log says. */
  log: TrafficLog;
  /** The policy; it is changed in place. @defaultValue `mlpPolicy({ seed })` */
  policy?: TrainablePolicy;
  /** Plans that are made, once, before the training. @defaultValue 512 */
  plans?: number;
  /** Steps of each plan that are imitated, at most its horizon. @defaultValue 15 */
  horizon?: number;
  /** Updates. @defaultValue 600 */
  steps?: number;
  /** Moments of an update. @defaultValue 256 */
  batch?: number;
  /** Weight of a moment for each step it is later in its plan. @defaultValue 0.99 */
  gamma?: number;
  /**
   * How far plans start beside the recorded states, or `false` for not at all: without offsets there is nothing to learn
   * corrections from.
   * @defaultValue `{ y: 0.4, heading: 0.02, speed: 0.7 }`
   */
  perturb?: Perturbation | false;
  /** Standard deviations of acceleration and turn, the units of the error. @defaultValue `[2, 0.01]` */
  scale?: readonly [number, number];
  /** Seed of the places, perturbations and moments. */
  seed: number;
  /** File or store of the checkpoint of the training. @defaultValue none */
  checkpoint?: Exclude<FitOptions<unknown>["checkpoint"], undefined>;
  /** Stops the run. */
  signal?: AbortSignal;
  /** Receives progress, first in plans, then in updates. */
  onProgress?: (progress: Progress) => void;
}

/** Moments along plans, row by row. */
interface Moments {
  count: number;
  ego: Float32Array;
  cars: Float32Array;
  mask: Float32Array;
  size: Float32Array;
  action: Float32Array;
  weight: Float32Array;
}

/** Plans that are made side by side. */
const ROWS = 64;
/** Frames of history that the teacher sees. */
const FRAMES = 2;

/**
 * A fast policy that imitates a planner: plans are made at random moments of a log and followed in imagination, and the
 * policy learns each planned action at the state in which it is taken.
 *
 * Error $\sum_t \gamma^t [(\Delta a/2)^2 + (\Delta b/0.01)^2]$.
 *
 * @param options - See {@link DistillOptions}.
 * @returns The policy, and what was done.
 * @throws {@link ArgumentError} when an option is out of range, or the teacher's plans are shorter than `horizon`.
 * @throws {@link DataError} when no car of the log is present for long enough.
 * @throws The signal's reason after an abort.
 * @remarks Making plans takes most of the time; the policy then answers in microseconds.
 * @see Sobal et al. (2022), Separating the world and ego models for self-driving; as in its published code.
 */
export async function distill(
  options: DistillOptions,
): Promise<{ policy: TrainablePolicy; history: TrainingHistory }> {
  const { signal, onProgress } = options;
  const steps = checkInteger("distill", "steps", options.steps ?? 600, { min: 1 });
  const batch = checkInteger("distill", "batch", options.batch ?? 256, { min: 1 });
  const scale = options.scale ?? [2, 0.01];
  const moments = await momentsOf(options);
  const policy = options.policy ?? mlpPolicy({ seed: options.seed });
  const generator = new Generator(options.seed).split("distill-batches");
  const optimizer = adamw({ learningRate: 3e-3, weightDecay: 0 });
  try {
    const history = await fit({
      steps,
      batches: (t) => batchOf(moments, generator.split(t).float64(batch)),
      step({ ego, cars, mask, size, action, weight }) {
        const asked = policy({ ego, scene: { cars, mask, road: options.log.road }, car: size });
        const error = tf.div(tf.sub(asked, action), tf.tensor1d([...scale]));
        return tf.div(tf.sum(tf.mul(tf.sum(tf.square(error), 1), weight)), tf.sum(weight));
      },
      optimizer,
      schedule: (t) => 3e-3 + ((1e-5 - 3e-3) * t) / steps,
      variables: policy.parameters(),
      clipNorm: 1,
      ...(options.checkpoint && { checkpoint: options.checkpoint }),
      ...(signal && { signal }),
      on({ type, step, scalars }) {
        if (type !== "step") return;
        const metrics = { loss: scalars.loss! };
        onProgress?.({ done: step, total: steps, message: "imitating the planner", metrics });
      },
    });
    return { policy, history };
  } finally {
    optimizer.dispose();
  }
}

/** Moments of all plans. */
async function momentsOf(options: DistillOptions): Promise<Moments> {
  const { signal, onProgress } = options;
  const plans = checkInteger("distill", "plans", options.plans ?? 512, { min: 1 });
  const horizon = checkInteger("distill", "horizon", options.horizon ?? 15, { min: 1 });
  const gamma = checkNumber("distill", "gamma", options.gamma ?? 0.99, { above: 0, max: 1 });
  const generator = new Generator(options.seed).split("distill-plans");
  const count = plans * horizon;
  const moments: Moments = {
    count,
    ego: new Float32Array(5 * count),
    cars: new Float32Array(5 * NUM_TRACKED * count),
    mask: new Float32Array(NUM_TRACKED * count),
    size: new Float32Array(2 * count),
    action: new Float32Array(2 * count),
    weight: Float32Array.from({ length: count }, (_, i) => gamma ** (i % horizon)),
  };
  for (let done = 0; done < plans; ) {
    await yieldToEvents();
    checkAborted(signal);
    onProgress?.({ done, total: plans, message: "planning" });
    const rows = Math.min(ROWS, plans - done);
    const group = await followed(options, rows, horizon, generator.split(done));
    for (const [name, values] of Object.entries(group)) {
      const all = moments[name as keyof typeof group];
      all.set(values, (done * all.length) / plans);
    }
    done += rows;
  }
  return moments;
}

/** States, scenes and actions along some plans of the teacher. */
async function followed(
  { teacher, ego, log, perturb = {} }: DistillOptions,
  rows: number,
  horizon: number,
  generator: Generator,
): Promise<Record<"ego" | "cars" | "mask" | "size" | "action", Float32Array>> {
  const window = sampleWindow(log, rows, FRAMES, horizon, generator);
  const recorded = window.history;
  const start = tf.tidy(
    () => perturbed(recorded, perturb, generator.split("perturb")) ?? presentOf(recorded),
  );
  const past = tf.tidy(() => {
    const before = tf.slice(recorded.ego, [0, 0, 0], [rows, FRAMES - 1, 5]);
    return tf.concat([before, tf.reshape(start, [rows, 1, 5])], 1) as tf.Tensor3D;
  });
  // The present and all but the last of the frames after it.
  const cars = tf.tidy(() =>
    tf.concat(
      [
        tf.slice(recorded.cars, [0, FRAMES - 1, 0, 0], [rows, 1, -1, -1]),
        tf.slice(window.cars, [0, 0, 0, 0], [rows, horizon - 1, -1, -1]),
      ],
      1,
    ),
  );
  const mask = tf.tidy(() =>
    tf.concat(
      [tf.expandDims(recorded.mask, 1), tf.slice(window.mask, [0, 0, 0], [rows, horizon - 1, -1])],
      1,
    ),
  );
  const now = frameOf<tf.Tensor3D>(recorded.cars, FRAMES - 1);
  const made: tf.Tensor[] = [start, past, cars, mask, now];
  try {
    teacher.reset();
    made.push(
      await teacher({
        ego: start,
        scene: { cars: now, mask: recorded.mask, road: log.road },
        car: recorded.car,
        history: { ...recorded, ego: past },
      }),
    );
    const plan = teacher.lastPlan!;
    teacher.reset();
    const action = executed(plan, horizon, ego);
    const states = tf.tidy(() => {
      const future = rolloutEgo(ego, start, tf.tensor3d(action, [rows, horizon, 2]));
      const kept = tf.slice(future, [0, 0, 0], [rows, horizon - 1, 5]);
      return tf.concat([tf.reshape(start, [rows, 1, 5]), kept], 1);
    });
    const sizes = tf.tidy(() => tf.tile(tf.expandDims(recorded.car, 1), [1, horizon, 1]));
    made.push(states, sizes);
    const read = async (tensor: tf.Tensor) => (await tensor.data()) as Float32Array;
    return {
      ego: await read(states),
      cars: await read(cars),
      mask: await read(mask),
      size: await read(sizes),
      action,
    };
  } finally {
    disposeHistory(recorded);
    tf.dispose([window.ego, window.actions, window.cars, window.mask, ...made]);
  }
}

/** The first steps of plans as they are executed, within the limits; row by row. */
function executed(plan: number[][][], horizon: number, { limits }: EgoModel): Float32Array {
  if (plan[0]!.length < horizon) {
    throw new ArgumentError(
      `distill: horizon is ${horizon} and the teacher plans ${plan[0]!.length} steps; at most as many were expected`,
      { argument: "horizon", value: horizon },
    );
  }
  const within = (u: number, i: number) => Math.min(Math.max(u, limits.min[i]!), limits.max[i]!);
  return Float32Array.from(plan.flatMap((row) => row.slice(0, horizon).flatMap((step) => step.map(within))));
}

/** Chosen moments as tensors. */
function batchOf(moments: Moments, chances: ArrayLike<number>) {
  const rows = Array.from(chances, (u) => Math.floor(u * moments.count));
  const pick = (values: Float32Array) => {
    const width = values.length / moments.count;
    const out = new Float32Array(rows.length * width);
    for (const [to, from] of rows.entries())
      out.set(values.subarray(from * width, (from + 1) * width), to * width);
    return out;
  };
  const n = rows.length;
  return {
    ego: tf.tensor2d(pick(moments.ego), [n, 5]),
    cars: tf.tensor3d(pick(moments.cars), [n, NUM_TRACKED, 5]),
    mask: tf.tensor2d(pick(moments.mask), [n, NUM_TRACKED]),
    size: tf.tensor2d(pick(moments.size), [n, 2]),
    action: tf.tensor2d(pick(moments.action), [n, 2]),
    weight: tf.tensor1d(pick(moments.weight)),
  };
}
