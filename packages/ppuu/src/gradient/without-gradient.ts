import * as tf from "@tensorflow/tfjs-core";

/**
 * The result of a computation that is not recorded for differentiation: searches, indices, conditions.
 *
 * @param compute - Makes one tensor; its temporaries are freed at once.
 * @returns The tensor; the caller disposes it. No gradient passes through.
 */
export function withoutGradient<T extends tf.Tensor>(compute: () => T): T {
  const run = tf.customGrad((() => ({ value: compute(), gradFunc: () => [] })) as never);
  return (run as unknown as () => T)();
}
