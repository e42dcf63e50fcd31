import { checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkViews } from "../contrastive/options.js";
import { offDiagonalSquares } from "./vic-reg.js";

/** Options of {@link barlowTwins}. */
export interface BarlowTwinsOptions {
  /** Weight λ of the off-diagonal entries. @defaultValue 0.005, as in the paper */
  offDiagonal?: number;
  /** Factor on the loss; solo-learn uses 0.025. @defaultValue 1 */
  scale?: number;
}

/**
 * Barlow Twins: the cross-correlation matrix of two views shall be the identity.
 *
 * $\sum_i (C_{ii} - 1)^2 + \lambda \sum_{i \ne j} C_{ij}^2$, $C = \hat A^\top \hat B / N$
 *
 * @param first - Embeddings of the first views, `[pairs, dim]`.
 * @param second - Embeddings of the second views, same shape, row by row.
 * @param options - See {@link BarlowTwinsOptions}.
 * @returns Scalar loss, `[]`; the caller disposes it.
 * @throws {@link ShapeError} when shapes differ or there is one pair; {@link ArgumentError} for an option out of range.
 * @remarks Columns are standardised by the batch mean and the biased deviation with 1e-5 under the root.
 * @see Zbontar, Jing, Misra, LeCun, Deny (2021), Barlow Twins, eq. (1).
 */
export function barlowTwins(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  options: BarlowTwinsOptions = {},
): tf.Scalar {
  checkViews("barlowTwins", first, second);
  const lambda = checkNumber("barlowTwins", "offDiagonal", options.offDiagonal ?? 0.005, { min: 0 });
  const scale = checkNumber("barlowTwins", "scale", options.scale ?? 1, { above: 0 });
  const [count] = first.shape;
  return tf.tidy(() => {
    const standardise = (x: tf.Tensor2D) => {
      const centred = tf.sub(x, tf.mean(x, 0, true));
      return tf.div(centred, tf.sqrt(tf.add(tf.mean(tf.square(centred), 0, true), 1e-5))) as tf.Tensor2D;
    };
    const [a, b] = [standardise(first), standardise(second)];
    const diagonal = tf.div(tf.sum(tf.mul(a, b), 0), count);
    const on = tf.sum(tf.square(tf.sub(diagonal, 1)));
    const off = tf.div(offDiagonalSquares(a, b), count * count);
    return tf.mul(tf.add(on, tf.mul(off, lambda)), scale) as tf.Scalar;
  });
}
