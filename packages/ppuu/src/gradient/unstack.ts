import * as tf from "@tensorflow/tfjs-core";

/** Slices along an axis, also where there is one only: the engine's `unstack` cannot be differentiated there. */
export function unstack(x: tf.Tensor, axis: number): tf.Tensor[] {
  return x.shape[axis] === 1 ? [tf.squeeze(x, [axis])] : tf.unstack(x, axis);
}
