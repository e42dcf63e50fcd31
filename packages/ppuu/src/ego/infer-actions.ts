import { checkNumber, formatShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { ActionLimits } from "./ego-model.js";

/** Below this speed in m/s a turn cannot be told from positions. */
const STANDING = 0.1;

/** Options of {@link inferActions}. */
export interface InferActionsOptions {
  /** Seconds between states. @defaultValue 0.1 */
  dt?: number;
  /** Limits that the actions are clipped to. @defaultValue none */
  clip?: ActionLimits;
}

/**
 * The unicycle's actions that lead from each state to the next.
 *
 * $a_t = (v_{t+1} - v_t)/\Delta t$, $b_t = \langle d_{t+1}, o_t\rangle / (\langle d_{t+1}, d_t\rangle\, v_t \Delta t)$;
 * $b_t = 0$ where $v_t < 0.1$ m/s.
 *
 * @param states - States, shape `[batch, steps + 1, 5]`.
 * @param options - See {@link InferActionsOptions}.
 * @returns Actions, shape `[batch, steps, 2]`; the caller disposes them.
 * @throws {@link ShapeError} when there are fewer than two states.
 * @remarks Exact for turns below a right angle a step. The published code uses a first-order formula, which lets a
 *   replayed car drift by centimetres.
 */
export function inferActions(states: tf.Tensor3D, options: InferActionsOptions = {}): tf.Tensor3D {
  const dt = checkNumber("inferActions", "dt", options.dt ?? 0.1, { above: 0 });
  const [batch, length, size] = states.shape;
  if (states.rank !== 3 || size !== 5 || length < 2) {
    throw new ShapeError(
      `inferActions: states has shape ${formatShape(states.shape)}; [batch,steps + 1,5] with at least one step was expected`,
      { argument: "states", shape: states.shape },
    );
  }
  return tf.tidy(() => {
    const before = tf.slice(states, [0, 0, 0], [batch, length - 1, 5]);
    const after = tf.slice(states, [0, 1, 0], [batch, length - 1, 5]);
    const [, , dx, dy, speed] = tf.split(before, 5, 2) as tf.Tensor[];
    const [, , nextX, nextY, nextSpeed] = tf.split(after, 5, 2) as tf.Tensor[];
    const acceleration = tf.div(tf.sub(nextSpeed!, speed!), dt);
    const across = tf.sub(tf.mul(nextX!, dy!), tf.mul(nextY!, dx!));
    const along = tf.add(tf.mul(nextX!, dx!), tf.mul(nextY!, dy!));
    const isMoving = tf.greaterEqual(speed!, STANDING);
    const way = tf.where(isMoving, tf.mul(along, tf.mul(speed!, dt)), tf.onesLike(speed!));
    const turn = tf.where(isMoving, tf.div(across, way), tf.zerosLike(speed!));
    const actions = tf.concat([acceleration, turn], 2) as tf.Tensor3D;
    if (!options.clip) return actions;
    return tf.minimum(
      tf.maximum(actions, tf.tensor1d([...options.clip.min])),
      tf.tensor1d([...options.clip.max]),
    ) as tf.Tensor3D;
  });
}

/**
 * The unicycle's actions that lead from each state to the next, in double precision on the host.
 *
 * @param states - States of one car, step by step, `(steps + 1) * 5` numbers.
 * @param dt - Seconds between states.
 * @returns Actions, `steps * 2` numbers; see {@link inferActions}.
 */
export function inferActionsHost(states: ArrayLike<number>, dt = 0.1): Float64Array {
  const steps = states.length / 5 - 1;
  const actions = new Float64Array(2 * steps);
  for (let t = 0; t < steps; t++) {
    const [s, n] = [5 * t, 5 * t + 5];
    const speed = states[s + 4]!;
    const [dx, dy, nextX, nextY] = [states[s + 2]!, states[s + 3]!, states[n + 2]!, states[n + 3]!];
    actions[2 * t] = (states[n + 4]! - speed) / dt;
    if (speed >= STANDING) {
      actions[2 * t + 1] = (nextX * dy - nextY * dx) / ((nextX * dx + nextY * dy) * speed * dt);
    }
  }
  return actions;
}
