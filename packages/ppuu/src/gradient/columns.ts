import * as tf from "@tensorflow/tfjs-core";

/**
 * Columns `[batch, cars]` put together as `[batch, cars, n]`.
 *
 * Along the first axis and then turned: there columns are whole stretches of memory, along the last single numbers.
 */
export function joinColumns(columns: readonly tf.Tensor[]): tf.Tensor3D {
  return tf.transpose(tf.stack([...columns]) as tf.Tensor3D, [1, 2, 0]);
}

/** Columns `[batch, cars]` of `[batch, cars, n]`; n is at least 2. */
export function splitColumns(x: tf.Tensor): tf.Tensor2D[] {
  return tf.unstack(tf.transpose(x, [2, 0, 1])) as tf.Tensor2D[];
}
