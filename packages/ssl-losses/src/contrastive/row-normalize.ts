import { callKernel, hasHostKernel } from "@lab/core/host-kernel";
import * as tf from "@tensorflow/tfjs-core";
import { registerUnitRows, TINY, UNIT_ROWS, UNIT_ROWS_GRADIENT } from "./unit-rows-kernels.js";

/**
 * Rows divided by their Euclidean norms.
 *
 * A zero row stays zero and receives no gradient.
 *
 * @param x - `[rows, dim]`.
 * @returns Unit rows, `[rows, dim]`; belongs to the caller.
 */
export function rowNormalize(x: tf.Tensor2D): tf.Tensor2D {
  registerUnitRows();
  const isOnHost = hasHostKernel(UNIT_ROWS);
  const run = tf.customGrad((input, save) => {
    const rows = input as tf.Tensor2D;
    const [z, inverse] = isOnHost ? callKernel(UNIT_ROWS, { x: rows }) : unitRows(rows);
    (save as tf.GradSaveFunc)([z!, inverse!]);
    return {
      value: z!,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [unit, factor] = saved as [tf.Tensor2D, tf.Tensor2D];
        if (isOnHost) return callKernel(UNIT_ROWS_GRADIENT, { dy, z: unit, inverse: factor })[0]!;
        const along = tf.sum(tf.mul(dy, unit), 1, true);
        return tf.mul(tf.sub(dy, tf.mul(unit, along)), factor);
      },
    };
  });
  return run(x) as tf.Tensor2D;
}

function unitRows(rows: tf.Tensor2D): [tf.Tensor, tf.Tensor] {
  // Scaling by the largest entry first keeps the squares of tiny and huge rows finite.
  const scale = tf.maximum(tf.max(tf.abs(rows), 1, true), TINY);
  const norm = tf.mul(tf.sqrt(tf.sum(tf.square(tf.div(rows, scale)), 1, true)), scale);
  const inverse = tf.where(tf.greater(norm, TINY), tf.div(1, tf.maximum(norm, TINY)), tf.zerosLike(norm));
  return [tf.mul(rows, inverse), inverse];
}

/** The same values without a gradient. */
export function detach<T extends tf.Tensor>(x: T): T {
  const run = tf.customGrad((input) => ({
    value: tf.clone(input as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return run(x) as T;
}
