import { cholesky, choleskySolve } from "@lab/core/linalg";
import * as tf from "@tensorflow/tfjs-core";
import { blockedSum } from "./blocked-sum.js";
import type { Moments, Piece } from "./moments.js";

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
  /** $(I + V^\top D^{-1} V)^{-1}$, `[K, K]`; absent for a diagonal covariance. */
  core: tf.Tensor2D | undefined;
  /** $\log\det\Sigma$, shape `[]`. */
  logDeterminant: tf.Scalar;
}

/** Diagonal of a piece's covariance, without the low-rank part. */
export function diagonalOf(variance: tf.Tensor1D, { diagonal, floor }: Recipe): tf.Tensor1D {
  return tf.tidy(() => tf.add(tf.mul(variance, diagonal), floor));
}

/** The deviations of a piece that take part, `[K, n]`. */
export function activeDeviations(deviations: tf.Tensor2D, rank: number): tf.Tensor2D {
  const [stored, size] = deviations.shape;
  return rank === stored ? deviations : tf.slice(deviations, [stored - rank, 0], [rank, size]);
}

/** A sum of scalars and $V^\top W V$ over all pieces, for `[n]` weights $W$; the temporaries are those of one piece. */
function accumulate(
  { blocks }: Moments,
  { rank, factor }: Recipe,
  of: (piece: Piece, block: number) => { value: tf.Tensor; weights: tf.Tensor },
): { value: tf.Tensor; gram: tf.Tensor2D | undefined } {
  let value: tf.Tensor = tf.scalar(0);
  let gram: tf.Tensor | undefined;
  for (const [i, pieces] of blocks.entries()) {
    for (const piece of pieces) {
      const sums = tf.tidy(() => {
        const { value: part, weights } = of(piece, i);
        const next = [tf.add(value, part)];
        if (rank === 0) return next;
        const u = activeDeviations(piece.deviations!, rank);
        const product = tf.matMul(tf.mul(u, weights), u, false, true);
        return [...next, gram ? tf.add(gram, product) : product];
      });
      tf.dispose(gram ? [value, gram] : value);
      [value, gram] = [sums[0]!, sums[1]];
    }
  }
  return { value, gram: gram && (tf.mul(gram, factor * factor) as tf.Tensor2D) };
}

/** Inverts what a log density needs; the Cholesky factorisation runs in double precision. */
export function factorise(moments: Moments, recipe: Recipe): Covariance {
  return tf.tidy(() => {
    const { value, gram } = accumulate(moments, recipe, ({ variance }) => {
      const d = diagonalOf(variance, recipe);
      return { value: blockedSum(tf.log(d)), weights: tf.reciprocal(d) };
    });
    if (!gram) return { core: undefined, logDeterminant: tf.keep(value as tf.Scalar) };
    const l = cholesky(tf.add(tf.eye(recipe.rank), gram));
    return {
      core: tf.keep(choleskySolve(l, tf.eye(recipe.rank)) as tf.Tensor2D),
      logDeterminant: tf.keep(tf.add(value, logDeterminantOf(l)) as tf.Scalar),
    };
  });
}

/**
 * $\log\det(I + \Sigma G)$ for a diagonal $G$, a block each: $\sum\log(1 + gD) + \log\det(I_K + V^\top \frac{G}{1+GD} V)$.
 */
export function logDeterminantWith(
  moments: Moments,
  recipe: Recipe,
  curvature: readonly tf.Tensor[],
): tf.Scalar {
  return tf.tidy(() => {
    const { value, gram } = accumulate(moments, recipe, (piece, i) => {
      const g = stretchOf(curvature[i]!, piece);
      const grown = tf.add(tf.mul(g, diagonalOf(piece.variance, recipe)), 1);
      return { value: blockedSum(tf.log(grown)), weights: tf.div(g, grown) };
    });
    if (!gram) return value as tf.Scalar;
    const l = cholesky(tf.add(tf.eye(recipe.rank), gram));
    return tf.add(value, logDeterminantOf(l)) as tf.Scalar;
  });
}

/** The values of a parameter tensor that a piece is about, `[n]`. */
export function stretchOf(tensor: tf.Tensor, { start, mean }: Piece): tf.Tensor1D {
  const flat = tf.reshape(tensor, [-1]) as tf.Tensor1D;
  return mean.size === tensor.size ? flat : tf.slice(flat, [start], [mean.size]);
}

/** Log determinant of the matrix whose Cholesky factor this is. */
function logDeterminantOf(l: tf.Tensor): tf.Tensor {
  return tf.mul(2, tf.sum(tf.log(tf.sum(tf.mul(l, tf.eye(l.shape[0]!)), 1))));
}
