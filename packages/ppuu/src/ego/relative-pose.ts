import { checkSameShape } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkState } from "./check-state.js";

/**
 * States as seen from a reference car: x' forward, y' to the right.
 *
 * With $\Delta = p - p_r$ and the right normal $n_r = (-d_{ry}, d_{rx})$: $x' = d_r \cdot \Delta$,
 * $y' = n_r \cdot \Delta$, direction $(d_r \cdot d,\ n_r \cdot d)$; the speed stays.
 *
 * @param state - States, shape `[batch, 5]`.
 * @param reference - States of the reference, same shape.
 * @returns Relative states, same shape; differentiable in both. The caller disposes them.
 * @throws {@link ShapeError} when the shapes differ.
 */
export function relativePose(state: tf.Tensor2D, reference: tf.Tensor2D): tf.Tensor2D {
  checkState("relativePose", state);
  checkSameShape("relativePose", "reference", reference, "state", state);
  return tf.tidy(() => {
    const [x, y, dx, dy, speed] = columns(state);
    const [rx, ry, rdx, rdy] = columns(reference);
    const [ahead, aside] = [tf.sub(x, rx), tf.sub(y, ry)];
    return tf.concat2d(
      [...turned(ahead, aside, rdx, rdy), ...turned(dx, dy, rdx, rdy), speed] as tf.Tensor2D[],
      1,
    );
  });
}

/**
 * The inverse of {@link relativePose}: states in the world from states seen from a reference car.
 *
 * @param relative - Relative states, shape `[batch, 5]`.
 * @param reference - States of the reference, same shape.
 * @returns States in the world, same shape; the caller disposes them.
 * @throws {@link ShapeError} when the shapes differ.
 */
export function absolutePose(relative: tf.Tensor2D, reference: tf.Tensor2D): tf.Tensor2D {
  checkState("absolutePose", relative, "relative");
  checkSameShape("absolutePose", "reference", reference, "relative", relative);
  return tf.tidy(() => {
    const [ahead, aside, dx, dy, speed] = columns(relative);
    const [rx, ry, rdx, rdy] = columns(reference);
    const back = tf.neg(rdy);
    const [x, y] = turned(ahead, aside, rdx, back);
    return tf.concat2d(
      [tf.add(x, rx), tf.add(y, ry), ...turned(dx, dy, rdx, back), speed] as tf.Tensor2D[],
      1,
    );
  });
}

type Columns = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];

const columns = (state: tf.Tensor2D) => tf.split(state, 5, 1) as Columns;

/** A vector in the frame whose first axis is `(dx, dy)`. */
function turned(x: tf.Tensor, y: tf.Tensor, dx: tf.Tensor, dy: tf.Tensor): [tf.Tensor, tf.Tensor] {
  return [tf.add(tf.mul(dx, x), tf.mul(dy, y)), tf.sub(tf.mul(dx, y), tf.mul(dy, x))];
}

/**
 * States with their positions replaced by the steps between them, which do not depend on where the road begins.
 *
 * @param states - States, shape `[batch, steps, 5]`.
 * @returns Same shape; the first step is 0. The caller disposes it.
 */
export function toDiffs(states: tf.Tensor3D): tf.Tensor3D {
  return tf.tidy(() => {
    const [batch, steps] = states.shape;
    const position = tf.slice(states, [0, 0, 0], [batch, steps, 2]);
    const first = tf.slice(position, [0, 0, 0], [batch, 1, 2]);
    const before = tf.concat([first, tf.slice(position, [0, 0, 0], [batch, steps - 1, 2])], 1);
    return tf.concat(
      [tf.sub(position, before), tf.slice(states, [0, 0, 2], [batch, steps, 3])],
      2,
    ) as tf.Tensor3D;
  });
}
