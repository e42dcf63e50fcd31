import * as tf from "@tensorflow/tfjs-core";

/** DCL as it is usually ported: similarity blocks, masks of 1e9, concatenation, log-sum-exp. */
export function textbookDcl(first, second, temperature) {
  return tf.tidy(() => {
    const unit = (x) => tf.div(x, tf.norm(x, 2, 1, true));
    const [a, b] = [unit(first), unit(second)];
    const scaled = (x, y) => tf.div(tf.matMul(x, y, false, true), temperature);
    const mask = tf.mul(tf.eye(a.shape[0]), 1e9);
    const [aa, bb, ab, ba] = [scaled(a, a), scaled(b, b), scaled(a, b), scaled(b, a)];
    const negatives = (same, other) =>
      tf.logSumExp(tf.concat([tf.sub(same, mask), tf.sub(other, mask)], 1), 1);
    const positive = tf.div(tf.sum(tf.mul(a, b), 1), temperature);
    const one = tf.mean(tf.sub(negatives(aa, ab), positive));
    const two = tf.mean(tf.sub(negatives(bb, ba), positive));
    return tf.mul(tf.add(one, two), 0.5);
  });
}
