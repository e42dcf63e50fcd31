import * as tf from "@tensorflow/tfjs-core";
import type { MeanWeights } from "../inference/energy.js";

/**
 * Duality gap of each row and its scale, the squared norm of the data, concatenated `[2 N]`; runs in a tidy.
 *
 * The problem of a row is $\frac12 r^2 + \lambda \lVert z \rVert_1$ with $r^2 = yy - \langle z, B + C \rangle$, $C = B - zH$.
 */
export function rowGaps(
  gram: { matrix: tf.Tensor2D; target: tf.Tensor2D },
  y: tf.Tensor2D,
  codes: tf.Tensor2D,
  w: MeanWeights,
  predicted: tf.Tensor2D | undefined,
  positive: boolean,
  dataDim: number,
): tf.Tensor1D {
  const ridge = (2 * w.prediction) / codes.shape[1];
  let scale = tf.mul(tf.sum(tf.square(y), 1), 2 / dataDim);
  let target: tf.Tensor = gram.target;
  let product: tf.Tensor = tf.matMul(codes, gram.matrix);
  if (ridge > 0 && predicted) {
    scale = tf.add(scale, tf.mul(tf.sum(tf.square(predicted), 1), ridge));
    target = tf.add(target, tf.mul(predicted, ridge));
    product = tf.add(product, tf.mul(codes, ridge));
  }
  const correlation = tf.sub(target, product);
  const fit = tf.sum(tf.mul(codes, target), 1);
  const squared = tf.relu(tf.sub(scale, tf.sum(tf.mul(codes, tf.add(target, correlation)), 1)));
  const primal = tf.add(tf.mul(squared, 0.5), tf.mul(tf.sum(tf.abs(codes), 1), w.sparsity));
  const largest = tf.max(positive ? correlation : tf.abs(correlation), 1);
  // 1 where the residual is feasible already.
  const rho = tf.div(w.sparsity, tf.maximum(largest, Math.max(w.sparsity, 1e-30)));
  const dual = tf.sub(tf.mul(rho, tf.sub(scale, fit)), tf.mul(tf.mul(tf.square(rho), squared), 0.5));
  return tf.concat([tf.sub(primal, dual) as tf.Tensor1D, scale as tf.Tensor1D]);
}
