import { checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { runOnHost } from "../host-kernel/host-operation.js";
import { checkAction, checkState } from "./check-state.js";
import type { ActionLimits, EgoModel } from "./ego-model.js";
import { actionLimits, checkLimits } from "./limits.js";
import { advance, SMALLEST_NORM, unicycleOperation } from "./unicycle-operation.js";

/** Options of {@link unicycle}. */
export interface UnicycleOptions {
  /** Seconds of one step. @defaultValue 0.1 */
  dt?: number;
  /** Speed below which braking ends, or `null` to let cars go backwards as the published code does. @defaultValue 0 */
  minSpeed?: number | null;
  /** Limits that environments and planners keep. @defaultValue `actionLimits()` */
  limits?: ActionLimits;
}

/**
 * A car as a point with a direction that is driven by acceleration and curvature.
 *
 * With the left normal $o = (d_y, -d_x)$: $p' = p + \Delta t\, v\, d$, $d' = (d + \Delta t\, v b\, o) / \|\cdot\|$,
 * $v' = v + \Delta t\, a$. Position uses the old speed and direction.
 *
 * @param options - See {@link UnicycleOptions}.
 * @returns The model; its action is acceleration in m/s² and curvature in 1/m, positive to the left.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks One step turns by exactly $\arctan(b v \Delta t)$. Acceleration moves the car only from the second step on.
 *   Where `minSpeed` binds, the gradient by the acceleration is 0.
 * @see Sobal et al. (2022), Separating the world and ego models for self-driving, section 3.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { unicycle } from "@lab/ppuu";
 *
 * await init();
 * const next = unicycle({ dt: 0.5 }).step(tf.tensor2d([[0, 5, 1, 0, 10]]), tf.tensor2d([[2, 0]]));
 * Array.from(await next.data()); // => [5, 5, 1, 0, 11]
 * ```
 */
export function unicycle(options: UnicycleOptions = {}): EgoModel {
  const dt = checkNumber("unicycle", "dt", options.dt ?? 0.1, { above: 0 });
  const minSpeed = options.minSpeed === undefined ? 0 : options.minSpeed;
  if (minSpeed !== null) checkNumber("unicycle", "minSpeed", minSpeed);
  const limits = checkLimits("unicycle", options.limits ?? actionLimits());
  return {
    stateSize: 5,
    actionSize: 2,
    dt,
    limits,
    spec: { kind: "unicycle", dt, minSpeed, limits },
    step(state, action) {
      checkState("unicycle", state);
      checkAction("unicycle", action, state.shape[0]);
      const next = runOnHost(unicycleOperation, [state, action], { dt, minSpeed });
      return (next ?? unicycleByOps(state, action, dt, minSpeed)) as tf.Tensor2D;
    },
    stepHost(state, action) {
      const next = new Float64Array(state.length);
      advance(state, action, next, dt, minSpeed);
      return next;
    },
  };
}

/** The step in engine calls, for backends whose memory is out of reach. */
export function unicycleByOps(
  state: tf.Tensor2D,
  action: tf.Tensor2D,
  dt: number,
  minSpeed: number | null,
): tf.Tensor2D {
  return tf.tidy(() => {
    const [position, direction, speed] = tf.split(state, [2, 2, 1], 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const [acceleration, turn] = tf.split(action, 2, 1) as [tf.Tensor, tf.Tensor];
    const way = tf.mul(speed, dt);
    const left = tf.matMul(direction as tf.Tensor2D, tf.tensor2d([0, -1, 1, 0], [2, 2]));
    const turned = tf.add(direction, tf.mul(tf.mul(way, turn), left));
    const norm = tf.maximum(tf.sqrt(tf.sum(tf.square(turned), 1, true)), SMALLEST_NORM);
    const faster = tf.add(speed, tf.mul(acceleration, dt));
    return tf.concat2d(
      [
        tf.add(position, tf.mul(way, direction)) as tf.Tensor2D,
        tf.div(turned, norm) as tf.Tensor2D,
        (minSpeed === null ? faster : tf.maximum(faster, minSpeed)) as tf.Tensor2D,
      ],
      1,
    );
  });
}
