import { checkInteger } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link cachedGradients}. */
export interface CachedGradientsOptions {
  /**
   * Encodes a chunk to `[rows, dim]`. It runs twice for every chunk and must give the same rows both times: draw its
   * augmentation and dropout from a seed that depends on the chunk alone.
   */
  encode: (chunk: number, training: true) => tf.Tensor2D;
  /** How many chunks make the batch. */
  numChunks: number;
  /** Loss of the embeddings of all chunks, one below the other. */
  loss: (embeddings: tf.Tensor2D) => tf.Scalar;
  /** What is differentiated. */
  variables: readonly tf.Variable[];
}

/**
 * Gradients of a loss that couples a whole batch, with the encoder's memory of one chunk.
 *
 * Encodes every chunk without recording, differentiates the loss by the embeddings $X$ once, then encodes each chunk again and
 * pulls $\langle X_c, \partial L / \partial X_c \rangle$ back.
 *
 * @param options - See {@link CachedGradientsOptions}.
 * @returns The loss, and gradients by variable name; all belong to the caller.
 * @throws {@link ArgumentError} when `numChunks` is not a positive integer.
 * @remarks Costs one more forward pass than the direct way. Exact, except that batch normalisation sees a chunk, not the batch.
 *   A variable that no chunk uses has gradient zero.
 * @see Gao, Zhang, Han, Callan (2021), Scaling deep contrastive learning batch size under memory limited setup.
 */
export function cachedGradients(options: CachedGradientsOptions): {
  loss: tf.Scalar;
  gradients: tf.NamedTensorMap;
} {
  const { encode, loss, variables } = options;
  const numChunks = checkInteger("cachedGradients", "numChunks", options.numChunks, { min: 1 });
  return tf.tidy(() => {
    const parts = Array.from({ length: numChunks }, (_, chunk) => tf.tidy(() => encode(chunk, true)));
    const embeddings = tf.concat(parts, 0) as tf.Tensor2D;
    const { value, grad } = tf.valueAndGrad((x) => loss(x as tf.Tensor2D))(embeddings);
    const gradients: tf.NamedTensorMap = Object.fromEntries(
      variables.map((variable) => [variable.name, tf.zeros(variable.shape)]),
    );
    let start = 0;
    for (const [chunk, { shape }] of parts.entries()) {
      const upstream = tf.slice(grad, [start, 0], shape);
      const pull = () => tf.sum(tf.mul(encode(chunk, true), upstream)) as tf.Scalar;
      const { grads } = tf.variableGrads(pull, [...variables]);
      for (const [name, part] of Object.entries(grads)) gradients[name] = tf.add(gradients[name]!, part);
      start += shape[0];
    }
    return { loss: value as tf.Scalar, gradients };
  });
}
