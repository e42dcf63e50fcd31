import { cholesky, choleskySolve } from "@lab/core/linalg";
import type { LabelledEmbeddings } from "@lab/core/metrics";
import * as tf from "@tensorflow/tfjs-core";

/** Accuracy of least squares to one-hot classes on centred features: closed form, no seed. */
export async function ridgeProbe(
  train: LabelledEmbeddings,
  test: LabelledEmbeddings,
  numClasses: number,
): Promise<number> {
  const labels = (of: LabelledEmbeddings) => Int32Array.from(of.labels as ArrayLike<number>);
  const dim = train.x.shape[1];
  const predicted = tf.tidy(() => {
    const mean = tf.mean(train.x, 0, true);
    const x = tf.sub(train.x, mean) as tf.Tensor2D;
    const classes = tf.cast(tf.oneHot(tf.tensor1d(labels(train), "int32"), numClasses), "float32");
    const y = tf.sub(classes, tf.mean(classes, 0, true)) as tf.Tensor2D;
    const gram = tf.matMul(x, x, true) as tf.Tensor2D;
    const scale = tf.div(tf.sum(tf.mul(gram, tf.eye(dim))), dim);
    const ridge = tf.add(gram, tf.mul(tf.eye(dim), tf.mul(scale, 1e-4))) as tf.Tensor2D;
    const kernel = choleskySolve(cholesky(ridge), tf.matMul(x, y, true)) as tf.Tensor2D;
    const scores = tf.add(tf.matMul(tf.sub(test.x, mean) as tf.Tensor2D, kernel), tf.mean(classes, 0, true));
    return tf.argMax(scores, 1);
  });
  const [found, truth] = [await predicted.data(), labels(test)];
  predicted.dispose();
  return truth.filter((label, i) => label === found[i]).length / truth.length;
}
