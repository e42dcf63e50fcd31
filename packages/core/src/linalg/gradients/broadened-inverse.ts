import * as tf from "@tensorflow/tfjs-core";
import { maskOf, withoutGradient } from "../matrix-ops.js";

/**
 * $x / (x^2 + w^2)$: the inverse of x with its pole spread over the width w; 0 at 0.
 *
 * @param width - Broadcasts against `x`; not negative.
 */
export function broadenedInverse(x: tf.Tensor, width: tf.Tensor): tf.Tensor {
  const denominator = tf.add(tf.square(x), tf.square(width));
  // x = w = 0, or both squares below the smallest number: the limit is 0, not NaN.
  const isZero = maskOf(denominator, (values) => tf.equal(values, 0));
  return tf.div(tf.mul(x, tf.sub(1, isZero)), tf.add(denominator, isZero));
}

/** $F_{ij} = 1 / (v_j - v_i)$ for `values […,n]`, broadened; 0 on the diagonal. */
export function broadenedGaps(values: tf.Tensor, width: tf.Tensor): tf.Tensor {
  return broadenedInverse(tf.sub(tf.expandDims(values, -2), tf.expandDims(values, -1)), width);
}

/** Width for spectra `[…,n]`: a multiple of the largest magnitude, `[…,1,1]`, without a gradient of its own. */
export function broadeningWidth(values: tf.Tensor, broadening: number): tf.Tensor {
  const largest = withoutGradient(values, (v) => tf.max(tf.abs(v), -1));
  return tf.expandDims(tf.expandDims(tf.mul(largest, broadening), -1), -1);
}
