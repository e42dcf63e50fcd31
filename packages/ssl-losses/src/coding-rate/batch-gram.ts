import * as tf from "@tensorflow/tfjs-core";

/** `[π₁⊙Z | … | π_K⊙Z | Z]`, `[n, (K+1) d]`: flat, because batched products are slow on wasm. */
export function weightedCopies(z: tf.Tensor2D, membership: tf.Tensor2D): tf.Tensor2D {
  const [count, dim] = z.shape;
  const numClusters = membership.shape[1];
  const copies = tf.mul(tf.reshape(membership, [count, numClusters, 1]), tf.reshape(z, [count, 1, dim]));
  return tf.concat([tf.reshape(copies, [count, numClusters * dim]), z], 1) as tf.Tensor2D;
}

/** Blocks `[d, k d]` side by side as a batch `[k, d, d]`. */
export function splitBlocks(flat: tf.Tensor2D): tf.Tensor3D {
  const [dim, width] = flat.shape;
  return tf.transpose(tf.reshape(flat, [dim, width / dim, dim]), [1, 0, 2]) as tf.Tensor3D;
}

/** A batch `[k, d, d]` as blocks `[d, k d]` side by side. */
export function joinBlocks(batch: tf.Tensor3D): tf.Tensor2D {
  const [num, dim] = batch.shape;
  return tf.reshape(tf.transpose(batch, [1, 0, 2]), [dim, num * dim]);
}
