import * as tf from "@tensorflow/tfjs-core";
import { cachedGradients } from "../memory/index.js";

/** A loss whose gradients are known already. */
export interface KnownGradients {
  loss: tf.Scalar;
  gradients: tf.NamedTensorMap;
}

/**
 * Gradients of a loss of two views of a batch with the encoder's memory of one chunk.
 *
 * @param views - All first and all second views.
 * @param size - Pairs of a chunk; divides the batch.
 */
export function chunkedGradients(
  views: readonly [tf.Tensor, tf.Tensor],
  size: number,
  encode: (x: tf.Tensor) => tf.Tensor2D,
  loss: (first: tf.Tensor2D, second: tf.Tensor2D) => tf.Scalar,
  variables: readonly tf.Variable[],
): KnownGradients {
  const numChunks = views[0].shape[0]! / size;
  return cachedGradients({
    numChunks,
    variables,
    encode: (chunk) => {
      const cut = (view: tf.Tensor) => {
        const start = new Array<number>(view.rank).fill(0);
        return tf.slice(view, [chunk * size, ...start.slice(1)], [size, ...view.shape.slice(1)]);
      };
      return encode(tf.concat(views.map(cut), 0));
    },
    loss: (embeddings) => {
      const dim = embeddings.shape[1];
      // Chunk by chunk, first views before second ones.
      const apart = tf.split(tf.reshape(embeddings, [numChunks, 2, size * dim]), 2, 1);
      const [a, b] = apart.map((view) => tf.reshape(view, [numChunks * size, dim])) as [
        tf.Tensor2D,
        tf.Tensor2D,
      ];
      return loss(a, b);
    },
  });
}

/** The loss as a function of the variables that differentiates to the known gradients. */
export function asFunction(
  { loss, gradients }: KnownGradients,
  variables: readonly tf.Variable[],
): tf.Scalar {
  const run = tf.customGrad((...inputs) => {
    const save = inputs.at(-1) as unknown as tf.GradSaveFunc;
    save(variables.map(({ name }) => gradients[name]!));
    return {
      value: tf.clone(loss) as tf.Tensor,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => saved.map((gradient) => tf.mul(gradient, dy)),
    };
  });
  return run(...(variables as readonly tf.Tensor[])) as tf.Scalar;
}
