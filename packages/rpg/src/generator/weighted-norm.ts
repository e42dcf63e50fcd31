import * as tf from "@tensorflow/tfjs-core";

/** $w^\\top D w$ with the gradient $2Dw$, times a factor where the ring's gradient is projected. */
export function weightedNorm(
  ring: tf.Tensor,
  uses: tf.Tensor,
  precondition: tf.Tensor | undefined,
): tf.Scalar {
  const norm = tf.customGrad((x) => {
    const w = x as tf.Tensor;
    return {
      value: tf.sum(tf.mul(uses, tf.square(w))),
      gradFunc: (upstream: tf.Tensor | tf.Tensor[]) => {
        const dy = Array.isArray(upstream) ? upstream[0]! : upstream;
        const gradient = tf.mul(tf.mul(dy, 2), tf.mul(uses, w));
        return precondition ? tf.mul(gradient, precondition) : gradient;
      },
    };
  });
  return norm(ring) as tf.Scalar;
}
