import * as tf from "@tensorflow/tfjs-core";

/** For each image the first batch's where chosen, else the second's. */
export function choose(chosen: readonly boolean[], yes: tf.Tensor4D, no: tf.Tensor4D): tf.Tensor4D {
  const mask = tf.tensor4d(
    chosen.map((value) => (value ? 1 : 0)),
    [chosen.length, 1, 1, 1],
  );
  return tf.where(tf.cast(tf.broadcastTo(mask, yes.shape), "bool"), yes, no);
}
