import * as tf from "@tensorflow/tfjs-core";
import { checkNumber } from "../check/index.js";

/** Gradients after clipping. */
export interface ClippedGradients<G> {
  /** Scaled gradients, in the container they came in; the caller disposes them. */
  gradients: G;
  /** Global norm before clipping, shape `[]`; the caller disposes it. */
  norm: tf.Scalar;
}

/**
 * Scales gradients down so that their global norm is at most `maxNorm`; smaller ones are kept as they are.
 *
 * $g \leftarrow g \cdot \min(1, c / (\lVert g \rVert + 10^{-6}))$ with the norm over all gradients together.
 *
 * @param gradients - Gradients by name; absent ones (`null`) stay absent.
 * @param maxNorm - Largest norm $c$, above 0.
 * @returns See {@link ClippedGradients}.
 * @throws {@link ArgumentError} when `maxNorm` is not above 0.
 * @remarks The $10^{-6}$ is that of `torch.nn.utils.clip_grad_norm_`, so that runs agree.
 * @see Pascanu, Mikolov, Bengio (2013), On the difficulty of training recurrent neural networks, algorithm 1.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { clipByGlobalNorm } from "@lab/core/optim";
 *
 * await init();
 * const { gradients, norm } = clipByGlobalNorm({ a: tf.tensor1d([3]), b: tf.tensor1d([4]) }, 10);
 * Array.from(await gradients.a.data()); // => [3]
 * (await norm.data())[0]; // => 5
 * ```
 */
export function clipByGlobalNorm<G extends Record<string, tf.Tensor>>(
  gradients: G,
  maxNorm: number,
): ClippedGradients<G> {
  checkNumber("clipByGlobalNorm", "maxNorm", maxNorm, { above: 0 });
  return tf.tidy(() => {
    const entries = Object.entries(gradients);
    const squares = entries.filter(([, g]) => g != null).map(([, g]) => tf.sum(tf.square(g)));
    const norm = tf.sqrt(squares.length > 0 ? tf.addN(squares) : tf.scalar(0)) as tf.Scalar;
    const scale = tf.minimum(1, tf.div(maxNorm, tf.add(norm, 1e-6)));
    const clipped = entries.map(([name, g]) => [name, g == null ? g : tf.mul(g, scale)]);
    return { gradients: Object.fromEntries(clipped) as G, norm };
  });
}
