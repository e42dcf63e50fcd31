import * as tf from "@tensorflow/tfjs-core";
import { blockedSum } from "./blocked-sum.js";
import { activeDeviations, type Covariance, diagonalOf, type Recipe, stretchOf } from "./covariance.js";
import type { Moments, Piece } from "./moments.js";

/**
 * $z^\top \Sigma^{-1} z$ with $z = w - \mu$ and its gradient $2\Sigma^{-1} z$, in one pass over the parameters each.
 *
 * With $u = D^{-1} z$, $t = V^\top u$ and $m = C t$ ($C$ the inverse capacitance) the form is $z^\top u - t^\top m$ and
 * $\Sigma^{-1} z = u - D^{-1} V m$. The forward pass keeps $m$ alone, and the gradient makes $u$ again, piece by piece: beside the
 * gradient itself nothing of the parameters' size is made.
 *
 * @param parameters - One tensor a block, of any shape with the block's number of values.
 * @returns Scalar, differentiable in each of the tensors.
 */
export function quadraticForm(
  parameters: readonly tf.Tensor[],
  { blocks }: Moments,
  { core }: Covariance,
  recipe: Recipe,
): tf.Scalar {
  const { rank, factor } = recipe;
  const op = tf.customGrad((...args) => {
    const inputs = args.slice(0, blocks.length) as tf.Tensor[];
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    let value: tf.Tensor = tf.scalar(0);
    let projected: tf.Tensor | undefined; // t, [1, K]
    for (const [i, pieces] of blocks.entries()) {
      for (const piece of pieces) {
        const sums = tf.tidy(() => {
          const z = tf.sub(stretchOf(inputs[i]!, piece), piece.mean);
          const u = tf.div(z, diagonalOf(piece.variance, recipe));
          const next = [tf.add(value, blockedSum(tf.mul(z, u)))];
          if (rank === 0) return next;
          const part = tf.matMul(activeDeviations(piece.deviations!, rank), tf.reshape(u, [-1, 1]));
          return [...next, projected ? tf.add(projected, part) : part];
        });
        tf.dispose(projected ? [value, projected] : value);
        [value, projected] = [sums[0]!, sums[1]];
      }
    }
    let weights: tf.Tensor2D | undefined; // factor · m as a row, [1, K]
    if (projected && core) {
      const t = tf.mul(tf.reshape(projected, [1, rank]), factor) as tf.Tensor2D;
      const m = tf.matMul(t, core);
      value = tf.sub(value, tf.sum(tf.mul(t, m)));
      weights = tf.mul(m, factor);
    }
    // Variables stay until the backward pass; other tensors may be gone by then, and saving copies them on wasm.
    const fleeting = inputs.filter((input) => !(input instanceof tf.Variable));
    save(weights ? [weights, ...fleeting] : fleeting);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const row = weights && (saved[0] as tf.Tensor2D);
      const kept = saved.slice(row ? 1 : 0);
      const alive = inputs.map((input) => (input instanceof tf.Variable ? input : kept.shift()!));
      return alive.map((input, i) =>
        tf.tidy(() => {
          const slope = tf.mul(dy, 2);
          const solved = blocks[i]!.map((piece) => solvedPiece(input, piece, recipe, row, slope));
          return tf.reshape(solved.length === 1 ? solved[0]! : tf.concat(solved), input.shape);
        }),
      );
    };
    return { value: value as tf.Scalar, gradFunc };
  });
  return op(...parameters) as tf.Scalar;
}

/** $D^{-1}(z - Vm)$ of a piece, times a scalar. */
function solvedPiece(
  input: tf.Tensor,
  piece: Piece,
  recipe: Recipe,
  weights: tf.Tensor2D | undefined,
  slope: tf.Tensor,
): tf.Tensor {
  return tf.tidy(() => {
    let rest: tf.Tensor = tf.sub(stretchOf(input, piece), piece.mean);
    if (weights) {
      const lowRank = tf.matMul(weights, activeDeviations(piece.deviations!, recipe.rank));
      rest = tf.sub(rest, tf.reshape(lowRank, [-1]));
    }
    return tf.mul(tf.div(rest, diagonalOf(piece.variance, recipe)), slope);
  });
}
