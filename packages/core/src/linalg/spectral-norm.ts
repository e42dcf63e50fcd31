import * as tf from "@tensorflow/tfjs-core";
import { ArgumentError } from "../errors/index.js";
import type { Generator } from "../random/index.js";
import { lanczos } from "./lanczos.js";
import { checkOperator, isOperator, type LinearOperator } from "./linear-operator.js";
import { svdvals } from "./svd.js";

/** Options of {@link spectralNorm} of an operator. */
export interface SpectralNormOptions {
  /** Source of the random start. */
  generator: Generator;
  /**
   * Relative residual of the eigenpair of $A^T A$.
   * @defaultValue 1e-5
   */
  tolerance?: number;
  /**
   * Products with $A^T A$ after which the search fails.
   * @defaultValue 300
   */
  maxIterations?: number;
  /** Stops the search. */
  signal?: AbortSignal;
}

/**
 * Largest singular values of matrices.
 *
 * @param a - `[…,m,n]`, float32.
 * @returns `[…]`; belongs to the caller. Differentiable: the gradient is $u_1 v_1^T$.
 * @throws As {@link svdvals}.
 */
export function spectralNorm(a: tf.Tensor): tf.Tensor;
/**
 * Largest singular value of an operator, by the Lanczos process on $A^T A$ or $A A^T$, whichever is smaller.
 *
 * @param a - The operator.
 * @param options - See {@link SpectralNormOptions}; the generator is required.
 * @returns Scalar, without a gradient; belongs to the caller.
 * @throws As {@link lanczos}.
 */
export function spectralNorm(a: LinearOperator, options: SpectralNormOptions): Promise<tf.Scalar>;
export function spectralNorm(
  a: tf.Tensor | LinearOperator,
  options?: SpectralNormOptions,
): tf.Tensor | Promise<tf.Scalar> {
  if (isOperator(a)) return normOfOperator(a, options);
  return tf.tidy(() => {
    const s = svdvals(a);
    const batch = s.shape.slice(0, -1);
    const largest = tf.slice(
      s,
      s.shape.map(() => 0),
      [...batch, 1],
    );
    return tf.reshape(largest, batch);
  });
}

async function normOfOperator(a: LinearOperator, options?: SpectralNormOptions): Promise<tf.Scalar> {
  checkOperator("spectralNorm", a);
  if (options === undefined) {
    throw new ArgumentError(
      "spectralNorm: options is undefined; { generator } was expected for an operator",
      {
        argument: "options",
        value: options,
      },
    );
  }
  const [rows, columns] = a.shape;
  const isTall = rows >= columns;
  const order = Math.min(rows, columns);
  const square = (v: tf.Tensor2D) => (isTall ? a.timesTranspose(a.times(v)) : a.times(a.timesTranspose(v)));
  const op: LinearOperator = { shape: [order, order], times: square, timesTranspose: square };
  const { values, vectors } = await lanczos(op, { ...options, k: 1 });
  const norm = tf.tidy(() => tf.sqrt(tf.relu(tf.squeeze(values))) as tf.Scalar);
  tf.dispose([values, vectors]);
  return norm;
}
