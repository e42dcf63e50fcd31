import * as tf from "@tensorflow/tfjs-core";
import { blockedSum } from "./blocked-sum.js";
import { activeDeviations, type Covariance, type Recipe } from "./covariance.js";
import type { Moments } from "./moments.js";

/**
 * $z^\top \Sigma^{-1} z$ with $z = w - \mu$ and its gradient $2\Sigma^{-1} z$, in one pass over the parameters.
 *
 * With $u = D^{-1} z$, $t = V^\top u$ and $m = C t$ ($C$ the inverse capacitance) the form is $z^\top u - t^\top m$ and
 * $\Sigma^{-1} z = u - D^{-1} V m$. Nothing larger than the parameters is made; `u` is what the gradient keeps.
 *
 * @param parameters - One tensor a block, of any shape with the block's number of values.
 * @returns Scalar, differentiable in each of the tensors.
 */
export function quadraticForm(
  parameters: readonly tf.Tensor[],
  { blocks }: Moments,
  { inverse, core }: Covariance,
  { rank, factor }: Recipe,
): tf.Scalar {
  const op = tf.customGrad((...args) => {
    const inputs = args.slice(0, blocks.length) as tf.Tensor[];
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const scaled: tf.Tensor1D[] = [];
    let value: tf.Tensor = tf.scalar(0);
    let projected: tf.Tensor | undefined; // t, [1, K]
    for (const [i, block] of blocks.entries()) {
      const z = tf.sub(tf.reshape(inputs[i]!, [-1]), block.mean) as tf.Tensor1D;
      const u = tf.mul(z, inverse[i]!) as tf.Tensor1D;
      scaled.push(u);
      value = tf.add(value, blockedSum(tf.mul(z, u)));
      if (rank > 0) {
        const part = tf.matMul(activeDeviations(block.deviations!, rank), tf.reshape(u, [-1, 1]));
        projected = projected ? tf.add(projected, part) : part;
      }
    }
    let weights: tf.Tensor | undefined; // factor · m as a row, [1, K]
    if (projected && core) {
      const t = tf.mul(tf.reshape(projected, [1, rank]), factor);
      const m = tf.matMul(t as tf.Tensor2D, core);
      value = tf.sub(value, tf.sum(tf.mul(t, m)));
      weights = tf.mul(m, factor);
    }
    save(weights ? [...scaled, weights] : scaled);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const row = rank > 0 ? (saved[blocks.length] as tf.Tensor2D) : undefined;
      return inputs.map((input, i) => {
        let solved: tf.Tensor = saved[i]!;
        if (row) {
          const lowRank = tf.matMul(row, activeDeviations(blocks[i]!.deviations!, rank));
          solved = tf.sub(solved, tf.mul(tf.reshape(lowRank, [-1]), inverse[i]!));
        }
        return tf.reshape(tf.mul(solved, tf.mul(dy, 2)), input.shape);
      });
    };
    return { value: value as tf.Scalar, gradFunc };
  });
  return op(...parameters) as tf.Scalar;
}
