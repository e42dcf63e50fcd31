import { cholesky, choleskySolve } from "@lab/core/linalg";
import * as tf from "@tensorflow/tfjs-core";
import { blockedSum } from "./blocked-sum.js";
import type { Moments } from "./moments.js";

/** How a covariance is made from moments: $D = a\,d + \varepsilon$ and $V = b\,U$. */
export interface Recipe {
  /** Factor on the variance, $a$. */
  diagonal: number;
  /** Factor on the deviations, $b$. */
  factor: number;
  /** Floor $\varepsilon$. */
  floor: number;
  /** How many of the deviations take part, the last ones. */
  rank: number;
}

/** What a log density needs of $\Sigma = \mathrm{diag}(D) + VV^\top$; made once, never a $P \times P$ matrix. */
export interface Covariance {
  /** $1/D$, a block each, `[n]`. */
  inverse: readonly tf.Tensor1D[];
  /** $(I + V^\top D^{-1} V)^{-1}$, `[K, K]`; absent for a diagonal covariance. */
  core: tf.Tensor2D | undefined;
  /** $\log\det\Sigma$, shape `[]`. */
  logDeterminant: tf.Scalar;
}

/** Diagonal of a block's covariance, without the low-rank part. */
export function diagonalOf(variance: tf.Tensor1D, { diagonal, floor }: Recipe): tf.Tensor1D {
  return tf.tidy(() => tf.add(tf.mul(variance, diagonal), floor));
}

/** The deviations of a block that take part, `[K, n]`. */
export function activeDeviations(deviations: tf.Tensor2D, rank: number): tf.Tensor2D {
  const [stored, size] = deviations.shape;
  return rank === stored ? deviations : tf.slice(deviations, [stored - rank, 0], [rank, size]);
}

/** Inverts what a log density needs; the Cholesky factorisation runs in double precision. */
export function factorise({ blocks }: Moments, recipe: Recipe): Covariance {
  return tf.tidy(() => {
    const { rank, factor } = recipe;
    const inverse: tf.Tensor1D[] = [];
    let logDiagonal: tf.Tensor = tf.scalar(0);
    let gram: tf.Tensor | undefined;
    for (const block of blocks) {
      const d = diagonalOf(block.variance, recipe);
      const inverted = tf.reciprocal(d);
      inverse.push(tf.keep(inverted));
      logDiagonal = tf.add(logDiagonal, blockedSum(tf.log(d)));
      if (rank > 0) {
        const u = activeDeviations(block.deviations!, rank);
        const part = tf.matMul(tf.mul(u, inverted), tf.transpose(u));
        gram = gram ? tf.add(gram, part) : part;
      }
    }
    if (!gram) {
      return { inverse, core: undefined, logDeterminant: tf.keep(logDiagonal as tf.Scalar) };
    }
    const capacitance = tf.add(tf.eye(rank), tf.mul(gram, factor * factor));
    const l = cholesky(capacitance);
    return {
      inverse,
      core: tf.keep(choleskySolve(l, tf.eye(rank)) as tf.Tensor2D),
      logDeterminant: tf.keep(tf.add(logDiagonal, logDeterminantOf(l)) as tf.Scalar),
    };
  });
}

/**
 * $\log\det(I + \Sigma G)$ for a diagonal $G$, a block each: $\sum\log(1 + gD) + \log\det(I_K + V^\top \frac{G}{1+GD} V)$.
 */
export function logDeterminantWith(
  { blocks }: Moments,
  recipe: Recipe,
  curvature: readonly tf.Tensor[],
): tf.Scalar {
  return tf.tidy(() => {
    const { rank, factor } = recipe;
    let value: tf.Tensor = tf.scalar(0);
    let gram: tf.Tensor | undefined;
    for (const [i, block] of blocks.entries()) {
      const g = tf.reshape(curvature[i]!, [-1]);
      const grown = tf.add(tf.mul(g, diagonalOf(block.variance, recipe)), 1);
      value = tf.add(value, blockedSum(tf.log(grown)));
      if (rank > 0) {
        const u = activeDeviations(block.deviations!, rank);
        const part = tf.matMul(tf.mul(u, tf.div(g, grown)), tf.transpose(u));
        gram = gram ? tf.add(gram, part) : part;
      }
    }
    if (!gram) return value as tf.Scalar;
    const l = cholesky(tf.add(tf.eye(rank), tf.mul(gram, factor * factor)));
    return tf.add(value, logDeterminantOf(l)) as tf.Scalar;
  });
}

/** Log determinant of the matrix whose Cholesky factor this is. */
function logDeterminantOf(l: tf.Tensor): tf.Tensor {
  return tf.mul(2, tf.sum(tf.log(tf.sum(tf.mul(l, tf.eye(l.shape[0]!)), 1))));
}
