import * as tf from "@tensorflow/tfjs-core";

/** Norm below which a row is zero; float32 squares of smaller numbers vanish. */
const TINY = 1e-12;

/**
 * Rows divided by their Euclidean norms.
 *
 * A zero row stays zero and receives no gradient.
 *
 * @param x - `[rows, dim]`.
 * @returns Unit rows, `[rows, dim]`; belongs to the caller.
 */
export function rowNormalize(x: tf.Tensor2D): tf.Tensor2D {
  const run = tf.customGrad((input, save) => {
    const rows = input as tf.Tensor2D;
    // Scaling by the largest entry first keeps the squares of tiny and huge rows finite.
    const scale = tf.maximum(tf.max(tf.abs(rows), 1, true), TINY);
    const norm = tf.mul(tf.sqrt(tf.sum(tf.square(tf.div(rows, scale)), 1, true)), scale);
    const inverse = tf.where(tf.greater(norm, TINY), tf.div(1, tf.maximum(norm, TINY)), tf.zerosLike(norm));
    const z = tf.mul(rows, inverse) as tf.Tensor2D;
    (save as tf.GradSaveFunc)([z, inverse]);
    return {
      value: z,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [unit, factor] = saved as [tf.Tensor2D, tf.Tensor2D];
        const along = tf.sum(tf.mul(dy, unit), 1, true);
        return tf.mul(tf.sub(dy, tf.mul(unit, along)), factor);
      },
    };
  });
  return run(x) as tf.Tensor2D;
}

/** The same values without a gradient. */
export function detach<T extends tf.Tensor>(x: T): T {
  const run = tf.customGrad((input) => ({
    value: tf.clone(input as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return run(x) as T;
}
