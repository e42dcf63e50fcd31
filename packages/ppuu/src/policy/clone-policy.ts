import { checkInteger } from "@lab/core";
import { adamw } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import { actionLimits } from "../ego/limits.js";
import { frameOf } from "../gradient/frame-of.js";
import type { TrafficLog } from "../log/traffic-log.js";
import { sampleWindow } from "../world/training-window.js";
import { presentOf } from "./imagine.js";
import { mlpPolicy } from "./mlp-policy.js";
import type { TrainablePolicy } from "./policy.js";

/** Options of {@link clonePolicy}. */
export interface ClonePolicyOptions {
  /** The policy; it is changed in place. @defaultValue `mlpPolicy({ seed })` */
  policy?: TrainablePolicy;
  /** Updates. @defaultValue 1200 */
  steps?: number;
  /** Moments of an update. @defaultValue 256 */
  batch?: number;
  /** Seed of the moments. */
  seed: number;
  /** Stops the run. */
  signal?: AbortSignal;
  /** Receives progress. */
  on?: (event: { type: "update"; step: number; loss: number }) => void;
}

/** Difference of curvature in 1/m that weighs as much as one of 1 m/s². */
const TURN_SCALE = 0.005;

/**
 * Behavioural cloning: a policy that imitates the recorded actions, $(\Delta a)^2 + (\Delta b / 0.005)^2$.
 *
 * @param log - The log.
 * @param options - See {@link ClonePolicyOptions}.
 * @returns The policy; `on` tells the losses.
 * @remarks The baseline that fails: small errors lead to states that nobody drove, where nothing was learned.
 */
export async function clonePolicy(log: TrafficLog, options: ClonePolicyOptions): Promise<TrainablePolicy> {
  const steps = checkInteger("clonePolicy", "steps", options.steps ?? 1200, { min: 1 });
  const batch = checkInteger("clonePolicy", "batch", options.batch ?? 256, { min: 1 });
  const policy = options.policy ?? mlpPolicy({ seed: options.seed });
  const generator = new Generator(options.seed).split("clone-policy");
  const optimizer = adamw({ learningRate: 3e-3, weightDecay: 0 });
  const { min, max } = actionLimits();
  try {
    await fit({
      steps,
      batches: (t) => sampleWindow(log, batch, 2, 1, generator.split(t)),
      step({ history: seen, actions }) {
        const [rows, frames] = seen.cars.shape;
        const cars = frameOf<tf.Tensor3D>(seen.cars, frames - 1);
        const scene = { cars, mask: seen.mask, road: seen.road };
        const asked = policy({ ego: presentOf(seen), scene, car: seen.car, history: seen });
        const done = tf.minimum(
          tf.maximum(tf.reshape(actions, [rows, 2]), tf.tensor1d([...min])),
          tf.tensor1d([...max]),
        );
        const error = tf.mul(tf.sub(asked, done), tf.tensor1d([1, 1 / TURN_SCALE]));
        return tf.mean(tf.sum(tf.square(error), 1));
      },
      optimizer,
      schedule: (t) => 3e-3 + ((1e-5 - 3e-3) * t) / steps,
      variables: policy.parameters(),
      clipNorm: 1,
      ...(options.signal && { signal: options.signal }),
      on({ type, step, scalars }) {
        if (type === "step") options.on?.({ type: "update", step, loss: scalars.loss! });
      },
    });
    return policy;
  } finally {
    optimizer.dispose();
  }
}
