import { checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link softThreshold}. */
export interface SoftThresholdOptions {
  /** Whether results are also kept at or above zero. @defaultValue false */
  positive?: boolean;
}

/**
 * Shrinks values towards zero: the proximal operator of the l1 norm.
 *
 * $\mathrm{sign}(x)\,(|x| - \tau)_+$, or $(x - \tau)_+$ with `positive`.
 *
 * @param x - Any shape.
 * @param threshold - $\tau \ge 0$, a number or a tensor that broadcasts to `x`.
 * @param options - See {@link SoftThresholdOptions}.
 * @returns Same shape, with exact zeros; the caller disposes it. Differentiable.
 * @throws {@link ArgumentError} when the threshold is a negative number.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { softThreshold } from "@lab/sparse-coding";
 *
 * await init();
 * Array.from(await softThreshold(tf.tensor1d([3, 0.5, -2]), 1).data()); // => [2, 0, -1]
 * ```
 */
export function softThreshold(
  x: tf.Tensor,
  threshold: number | tf.Tensor,
  options: SoftThresholdOptions = {},
): tf.Tensor {
  if (typeof threshold === "number") checkNumber("softThreshold", "threshold", threshold, { min: 0 });
  return tf.tidy(() => {
    // A difference of two ramps: relu is the fast kernel of every backend, and no -0 appears.
    const above = tf.relu(tf.sub(x, threshold));
    if (options.positive) return above;
    return tf.sub(above, tf.relu(tf.sub(tf.neg(x), threshold)));
  });
}
