import * as tf from "@tensorflow/tfjs-core";

/**
 * The same values, cut off from differentiation: no gradient passes, and none is recorded.
 *
 * @param x - Any tensor.
 * @returns A tensor of the same shape that shares the values; the caller disposes it.
 * @remarks A custom operation without inputs, so that the derivative by anything before it is absent (`null`), not a
 *   tensor of zeros that costs time.
 */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  const cut = tf.customGrad((() => ({ value: tf.clone(x), gradFunc: () => [] })) as never);
  return (cut as unknown as () => T)();
}
