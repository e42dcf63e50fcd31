import { checkChoice, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkViews } from "../contrastive/options.js";

/** Options of {@link vicReg}. */
export interface VicRegOptions {
  /** Weight of the mean squared difference of the views. @defaultValue 25 */
  invariance?: number;
  /** Weight of the variance term. @defaultValue 25 */
  variance?: number;
  /** Weight of the covariance term. @defaultValue 1 */
  covariance?: number;
  /** Standard deviation below which a column is penalised. @defaultValue 1 */
  target?: number;
  /** The released code halves the variance term of the two views, the paper does not. @defaultValue `"code"` */
  convention?: "code" | "paper";
}

/** Parts of {@link vicReg}, unweighted but for the total; the caller disposes them. */
export interface VicRegResult {
  /** Weighted sum, `[]`. */
  total: tf.Scalar;
  /** Mean squared difference of the views, `[]`. */
  invariance: tf.Scalar;
  /** How far columns fall short of the target deviation, `[]`. */
  variance: tf.Scalar;
  /** Sum of squared off-diagonal covariances over the dimension, `[]`. */
  covariance: tf.Scalar;
}

/** Squared off-diagonal entries of AᵀB summed, through the smaller of the two products. */
export function offDiagonalSquares(a: tf.Tensor2D, b: tf.Tensor2D): tf.Scalar {
  const [count, dim] = a.shape;
  const diagonal = tf.sum(tf.square(tf.sum(tf.mul(a, b), 0)));
  const all =
    dim > count
      ? tf.sum(tf.mul(tf.matMul(a, a, false, true), tf.matMul(b, b, false, true)))
      : tf.sum(tf.square(tf.matMul(a, b, true)));
  return tf.sub(all, diagonal);
}

/**
 * Variance, invariance, covariance: embeddings that agree across views while columns keep their spread and stay uncorrelated.
 *
 * $25\,\mathrm{mse}(A, B) + 25 \cdot \tfrac12[v(A) + v(B)] + c(A) + c(B)$ with
 * $v = \tfrac1D \sum_d \max(0, 1 - \sqrt{\mathrm{var}_d + 10^{-4}})$ and $c = \tfrac1D \sum_{i \ne j} C_{ij}^2$.
 *
 * @param first - Embeddings of the first views, `[pairs, dim]`, not normalised.
 * @param second - Embeddings of the second views, same shape, row by row.
 * @param options - See {@link VicRegOptions}.
 * @returns See {@link VicRegResult}; only through `total` and the parts flows a gradient.
 * @throws {@link ShapeError} when shapes differ or there is one pair; {@link ArgumentError} for an option out of range.
 * @remarks Covariances divide by `pairs − 1`. With more columns than rows the covariance term costs `4·pairs²·dim` operations.
 * @see Bardes, Ponce, LeCun (2022), VICReg, eq. (6), and the released code for the ½.
 */
export function vicReg(first: tf.Tensor2D, second: tf.Tensor2D, options: VicRegOptions = {}): VicRegResult {
  checkViews("vicReg", first, second);
  const weight = (name: "invariance" | "variance" | "covariance" | "target", value: number) =>
    checkNumber("vicReg", name, options[name] ?? value, { min: 0 });
  const [mu, lambda, nu] = [weight("invariance", 25), weight("variance", 25), weight("covariance", 1)];
  const target = weight("target", 1);
  const convention = checkChoice("vicReg", "convention", options.convention ?? "code", [
    "code",
    "paper",
  ] as const);
  const [count, dim] = first.shape;
  return tf.tidy(() => {
    const parts = [first, second].map((x) => {
      const centred = tf.sub(x, tf.mean(x, 0, true)) as tf.Tensor2D;
      const variance = tf.div(tf.sum(tf.square(centred), 0), count - 1);
      const hinge = tf.mean(tf.relu(tf.sub(target, tf.sqrt(tf.add(variance, 1e-4)))));
      const scale = dim * (count - 1) ** 2;
      return { hinge, covariance: tf.div(offDiagonalSquares(centred, centred), scale) };
    });
    const [a, b] = parts as [(typeof parts)[0], (typeof parts)[0]];
    const invariance = tf.mean(tf.square(tf.sub(first, second))) as tf.Scalar;
    const variance = tf.mul(tf.add(a.hinge, b.hinge), convention === "code" ? 0.5 : 1) as tf.Scalar;
    const covariance = tf.add(a.covariance, b.covariance) as tf.Scalar;
    const total = tf.addN([
      tf.mul(invariance, mu),
      tf.mul(variance, lambda),
      tf.mul(covariance, nu),
    ]) as tf.Scalar;
    return { total, invariance, variance, covariance };
  });
}
