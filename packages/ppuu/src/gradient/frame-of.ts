import * as tf from "@tensorflow/tfjs-core";

/**
 * One frame of `[batch, frames, ...rest]`, shape `[batch, ...rest]`.
 *
 * Cut out of two axes: the engine copies a slice of four axes in pieces of the last one.
 */
export function frameOf<T extends tf.Tensor>(x: tf.Tensor, t: number): T {
  return tf.tidy(() => {
    const [batch, frames, ...rest] = x.shape as [number, number, ...number[]];
    const size = rest.reduce((product, axis) => product * axis, 1);
    const frame = tf.slice(tf.reshape(x, [batch, frames * size]), [0, t * size], [batch, size]);
    return tf.reshape(frame, [batch, ...rest]) as T;
  });
}
