import * as tf from "@tensorflow/tfjs-core";
import { checkInteger } from "../check/index.js";
import type { Generator } from "../random/index.js";
import { asOperator, checkGenerator, type LinearOperator } from "./linear-operator.js";
import { qr } from "./qr.js";
import { type SvdResult, svd } from "./svd.js";

/** Options of {@link randomizedSvd}. */
export interface RandomizedSvdOptions {
  /** Number of singular triplets. */
  rank: number;
  /**
   * Extra random directions that make the range more likely to be found.
   * @defaultValue 10
   */
  oversample?: number;
  /**
   * Passes over the matrix and its transpose that sharpen a slowly falling spectrum.
   * @defaultValue 2
   */
  powerIterations?: number;
  /** Source of the random directions. */
  generator: Generator;
}

/**
 * Leading singular triplets of a matrix or operator from a few random products.
 *
 * $Q = \mathrm{orth}((A A^T)^q A \Omega)$, $Q^T A = \tilde U S V^T$, $U = Q \tilde U$
 *
 * @param a - `[m,n]` or an operator.
 * @param options - See {@link RandomizedSvdOptions}.
 * @returns `u [m,rank]`, `s [rank]` descending, `vt [rank,n]`; belong to the caller.
 * @throws {@link ShapeError}, {@link ArgumentError} for the arguments; {@link BackendError} on WebGPU, where the small
 *   factorisations in the middle cannot be read: use {@link lobpcg} there.
 * @remarks `2 · powerIterations + 2` products with `rank + oversample` columns. An approximation: the expected error is
 *   near $s_{rank+1}$ when the spectrum falls, and the trailing triplets are the worst.
 * @see Halko, Martinsson, Tropp (2011), Finding structure with randomness, algorithms 4.4 and 5.1.
 */
export function randomizedSvd(a: tf.Tensor | LinearOperator, options: RandomizedSvdOptions): SvdResult {
  const operator = asOperator("randomizedSvd", a);
  const most = Math.min(...operator.shape);
  const rank = checkInteger("randomizedSvd", "rank", options.rank, { min: 1, max: most });
  const oversample = checkInteger("randomizedSvd", "oversample", options.oversample ?? 10, { min: 0 });
  const passes = checkInteger("randomizedSvd", "powerIterations", options.powerIterations ?? 2, { min: 0 });
  const generator = checkGenerator("randomizedSvd", options.generator);
  const columns = Math.min(most, rank + oversample);
  return tf.tidy(() => {
    const orthonormal = (x: tf.Tensor) => qr(x).q as tf.Tensor2D;
    const start = generator.normal([operator.shape[1], columns]) as tf.Tensor2D;
    let q = orthonormal(operator.times(start));
    for (let pass = 0; pass < passes; pass++)
      q = orthonormal(operator.times(orthonormal(operator.timesTranspose(q))));
    // (QᵀA)ᵀ = AᵀQ = V S Ũᵀ.
    const { u: v, s, vt: ut } = svd(operator.timesTranspose(q));
    const u = tf.matMul(q, ut, false, true);
    return fixedSigns(
      tf.slice(u, [0, 0], [-1, rank]),
      tf.slice(s, [0], [rank]),
      tf.transpose(tf.slice(v, [0, 0], [-1, rank])),
    );
  });
}

/** The sign convention of {@link svd} concerns u; the factorisation above fixed that of v. */
function fixedSigns(u: tf.Tensor, s: tf.Tensor, vt: tf.Tensor) {
  const sign = tf.sign(tf.add(tf.max(u, 0), tf.min(u, 0)));
  const sure = tf.add(sign, tf.cast(tf.equal(sign, 0), "float32"));
  return { u: tf.mul(u, sure), s, vt: tf.mul(vt, tf.expandDims(sure, 1)) };
}
