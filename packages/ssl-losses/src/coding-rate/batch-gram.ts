import * as tf from "@tensorflow/tfjs-core";

/**
 * Gram matrices `[K + 1, d, d]`: $Z^\top \mathrm{diag}(\pi_k) Z$ of every cluster, then $Z^\top Z$. One flat product, because
 * batched products are slow on wasm, with the weighted copies on the left: the right operand is packed anew in every product.
 */
export function weightedGrams(z: tf.Tensor2D, membership: tf.Tensor2D): tf.Tensor3D {
  const [count, dim] = z.shape;
  const numClusters = membership.shape[1];
  const columns = tf.transpose(z) as tf.Tensor2D;
  const weights = tf.reshape(tf.transpose(membership), [numClusters, 1, count]);
  const copies = tf.reshape(tf.mul(tf.expandDims(columns, 0), weights), [numClusters * dim, count]);
  const grams = tf.matMul(tf.concat([copies, columns], 0) as tf.Tensor2D, z);
  return tf.reshape(grams, [numClusters + 1, dim, dim]);
}

/** A batch `[k, d, d]` as blocks `[d, k d]` side by side. */
export function joinBlocks(batch: tf.Tensor3D): tf.Tensor2D {
  const [num, dim] = batch.shape;
  return tf.reshape(tf.transpose(batch, [1, 0, 2]), [dim, num * dim]);
}
