import { checkRank, checkSameShape, checkShape } from "@lab/core";
import { svd } from "@lab/core/linalg";
import * as tf from "@tensorflow/tfjs-core";

/** What {@link contrastiveForce} computes; the caller disposes it. */
export interface ContrastiveForce {
  /** The loss summed over samples, `[]`. */
  loss: tf.Scalar;
  /** Its gradient to the weights, `[out, in]`. */
  gradient: tf.Tensor2D;
  /** $X = \hat\Sigma_0 - \hat\Sigma_1$, `[in, in]`; the gradient is $-W X$. */
  force: tf.Tensor2D;
  /** $\hat\Sigma_0$: covariance of the data, weighted by the softmax, `[in, in]`. */
  data: tf.Tensor2D;
  /** $\hat\Sigma_1$: covariance of the augmentation, weighted likewise, `[in, in]`. */
  augmentation: tf.Tensor2D;
}

/**
 * Loss of a linear network under the Euclidean contrastive loss, and the matrix that drives its gradient flow.
 *
 * $L = \sum_i -\log \frac{e^{-\lVert z_i - z_i' \rVert^2/2}}{\sum_{j \ne i} e^{-\lVert z_i - z_j \rVert^2/2} + e^{-\lVert z_i - z_i' \rVert^2/2}}$,
 * $\nabla_W L = -W X$.
 *
 * @param weights - W, `[out, in]`.
 * @param x - Samples, `[n, in]`.
 * @param xAugmented - Their augmented views, same shape.
 * @returns See {@link ContrastiveForce}.
 * @throws {@link ShapeError} when shapes do not fit.
 * @remarks A negative eigenvalue of X, augmentation stronger than the data, shrinks its direction to nothing. The long form of X
 *   that the paper prints as eq. (6) has a wrong sign before its first sum; its appendix has it right.
 * @see Jing, Vincent, LeCun, Tian (2022), lemmas 1 and 2.
 */
export function contrastiveForce(
  weights: tf.Tensor2D,
  x: tf.Tensor2D,
  xAugmented: tf.Tensor2D,
): ContrastiveForce {
  checkRank("contrastiveForce", "weights", weights, 2);
  checkRank("contrastiveForce", "x", x, 2);
  checkSameShape("contrastiveForce", "xAugmented", xAugmented, "x", x);
  checkShape("contrastiveForce", "weights", weights, [null, x.shape[1]]);
  return tf.tidy(() => {
    const count = x.shape[0];
    const z = tf.matMul(x, weights, false, true) as tf.Tensor2D;
    const zAugmented = tf.matMul(xAugmented, weights, false, true);
    const squares = tf.sum(tf.square(z), 1, true);
    const distances = tf.sub(tf.add(squares, tf.transpose(squares)), tf.mul(tf.matMul(z, z, false, true), 2));
    const eye = tf.eye(count);
    const positive = tf.mul(tf.sum(tf.square(tf.sub(z, zAugmented)), 1, true), -0.5);
    // The positive takes the place of the meaningless distance of a sample to itself.
    const logits = tf.add(
      tf.mul(tf.mul(distances, -0.5), tf.sub(1, eye)),
      tf.mul(eye, positive),
    ) as tf.Tensor2D;
    const loss = tf.sum(tf.sub(tf.logSumExp(logits, 1, true), positive)) as tf.Scalar;
    const alpha = tf.softmax(logits);
    const off = tf.mul(alpha, tf.sub(1, eye)) as tf.Tensor2D;
    const both = tf.add(off, tf.transpose(off)) as tf.Tensor2D;
    const degrees = tf.sum(both, 1, true);
    // Σ α_ij (x_i − x_j)(x_i − x_j)ᵀ = xᵀ (degrees − weights) x.
    const data = tf.matMul(x, tf.sub(tf.mul(x, degrees), tf.matMul(both, x)), true) as tf.Tensor2D;
    const shift = tf.sub(xAugmented, x) as tf.Tensor2D;
    const augmentation = tf.matMul(shift, tf.mul(shift, tf.sum(off, 1, true)), true) as tf.Tensor2D;
    const force = tf.sub(data, augmentation) as tf.Tensor2D;
    return { loss, gradient: tf.neg(tf.matMul(weights, force)) as tf.Tensor2D, force, data, augmentation };
  });
}

/**
 * How the singular vectors of two layers in a row are aligned.
 *
 * $A = V_2^\top U_1$ with $W_k = U_k S_k V_k^\top$; entries near ±1 on the diagonal mean alignment, signs are free.
 *
 * @param first - W₁, `[hidden, in]`.
 * @param second - W₂, `[out, hidden]`.
 * @returns `[min(out, hidden), min(hidden, in)]`; the caller disposes it.
 * @throws {@link ShapeError} when the hidden sizes differ.
 * @see Jing et al. (2022), theorem 2.
 */
export async function alignmentMatrix(first: tf.Tensor2D, second: tf.Tensor2D): Promise<tf.Tensor2D> {
  checkRank("alignmentMatrix", "first", first, 2);
  checkRank("alignmentMatrix", "second", second, 2);
  checkShape("alignmentMatrix", "second", second, [null, first.shape[0]]);
  return tf.tidy(() => tf.matMul(svd(second).vt as tf.Tensor2D, svd(first).u as tf.Tensor2D));
}
