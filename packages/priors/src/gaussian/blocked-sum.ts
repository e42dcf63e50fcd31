import * as tf from "@tensorflow/tfjs-core";

/** Length of a row: rounding errors then grow with its square root and that of the number of rows. */
const ROW = 2048;

/** Sum of all values of a float32 tensor in two stages, so that long sums keep about 1e-6 relative accuracy. */
export function blockedSum(values: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const { size } = values;
    const numRows = Math.floor(size / ROW);
    if (numRows < 2) return tf.sum(values) as tf.Scalar;
    const flat = tf.reshape(values, [size]);
    const body = tf.sum(tf.sum(tf.reshape(tf.slice(flat, [0], [numRows * ROW]), [numRows, ROW]), 1));
    if (numRows * ROW === size) return body as tf.Scalar;
    return tf.add(body, tf.sum(tf.slice(flat, [numRows * ROW], [size - numRows * ROW]))) as tf.Scalar;
  });
}
