import { formatShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { unstack } from "../gradient/unstack.js";
import { checkState } from "./check-state.js";
import type { EgoModel } from "./ego-model.js";

/**
 * States that follow from a plan.
 *
 * @param ego - The ego model.
 * @param start - States before the first action, shape `[batch, 5]`.
 * @param actions - Actions, shape `[batch, steps, 2]`.
 * @returns States after each action, shape `[batch, steps, 5]`; differentiable in both. The caller disposes them.
 * @throws {@link ShapeError} when the shapes do not fit.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { rolloutEgo, unicycle } from "@lab/ppuu";
 *
 * await init();
 * const states = rolloutEgo(unicycle({ dt: 1 }), tf.tensor2d([[0, 0, 1, 0, 2]]), tf.zeros([1, 3, 2]));
 * Array.from(await states.data()).filter((_, i) => i % 5 === 0); // => [2, 4, 6]
 * ```
 */
export function rolloutEgo(ego: EgoModel, start: tf.Tensor2D, actions: tf.Tensor3D): tf.Tensor3D {
  checkState("rolloutEgo", start, "start");
  if (actions.rank !== 3 || actions.shape[0] !== start.shape[0] || actions.shape[2] !== 2) {
    throw new ShapeError(
      `rolloutEgo: actions has shape ${formatShape(actions.shape)}; [${start.shape[0]},steps,2] was expected`,
      { argument: "actions", shape: actions.shape },
    );
  }
  return tf.tidy(() => {
    let state = start;
    const states = (unstack(actions, 1) as tf.Tensor2D[]).map((action) => {
      state = ego.step(state, action);
      return state;
    });
    return tf.stack(states, 1) as tf.Tensor3D;
  });
}

/**
 * States that follow from a plan, in double precision on the host.
 *
 * @param ego - The ego model.
 * @param start - One state, 5 numbers.
 * @param actions - Actions, step by step, `steps * 2` numbers.
 * @returns States after each action, `steps * 5` numbers.
 */
export function rolloutEgoHost(
  ego: EgoModel,
  start: ArrayLike<number>,
  actions: ArrayLike<number>,
): Float64Array {
  const steps = actions.length / 2;
  const states = new Float64Array(steps * 5);
  let state: Float64Array = Float64Array.from(start);
  for (let t = 0; t < steps; t++) {
    state = ego.stepHost(state, [actions[2 * t]!, actions[2 * t + 1]!]);
    states.set(state, 5 * t);
  }
  return states;
}
