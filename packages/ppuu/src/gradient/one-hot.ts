import * as tf from "@tensorflow/tfjs-core";

/** One-hot rows as float32, also for a single class, which the engine's `oneHot` refuses. */
export function oneHot(indices: tf.Tensor, depth: number): tf.Tensor {
  if (depth === 1) return tf.ones([...indices.shape, 1]);
  return tf.cast(tf.oneHot(tf.cast(indices, "int32") as tf.Tensor1D, depth), "float32");
}
