import * as tf from "@tensorflow/tfjs-core";
import { checkDtype, checkNumber, formatShape } from "../check/index.js";
import { ShapeError } from "../errors/index.js";
import { maskOf } from "./matrix-ops.js";

/** Options of {@link numericalRank}. */
export interface NumericalRankOptions {
  /**
   * Values above this multiple of the largest count.
   * @defaultValue length of the spectrum times 2⁻²³, the rounding unit of float32
   */
  tolerance?: number;
}

function checkSpectrum(caller: string, s: tf.Tensor): void {
  checkDtype(caller, "s", s, ["float32"]);
  if (s.rank >= 1 && s.shape.at(-1)! > 0) return;
  throw new ShapeError(
    `${caller}: s has shape ${formatShape(s.shape)}; at least one axis, the last not empty, was expected`,
    { argument: "s", shape: s.shape },
  );
}

/**
 * Effective rank of a spectrum: the exponential of its entropy.
 *
 * $\exp(-\sum_k p_k \log p_k)$, $p_k = s_k / \sum_l s_l$
 *
 * @param s - Singular values or eigenvalues, `[…,n]`, float32; negative ones, from rounding, count as zero.
 * @returns `[…]`, between 1 and n; 0 for a zero spectrum. Belongs to the caller. Differentiable.
 * @throws {@link ShapeError} for a scalar or an empty spectrum; {@link ArgumentError} for another dtype.
 * @see Roy, Vetterli (2007), The effective rank: a measure of effective dimensionality.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { effectiveRank } from "@lab/core/linalg";
 *
 * await init({ backend: "wasm" });
 * const rank = effectiveRank(tf.tensor1d([2, 2, 2, 0]));
 * (await rank.data())[0]!.toFixed(4); // => "3.0000"
 * ```
 */
export function effectiveRank(s: tf.Tensor): tf.Tensor {
  checkSpectrum("effectiveRank", s);
  return tf.tidy(() => {
    const positive = tf.relu(s);
    const total = tf.sum(positive, -1, true);
    const isZero = maskOf(total, (values) => tf.equal(values, 0));
    const p = tf.div(positive, tf.add(total, isZero));
    // p log p → 0 at 0, with a finite gradient there.
    const logP = tf.log(
      tf.add(
        p,
        maskOf(p, (values) => tf.equal(values, 0)),
      ),
    );
    const rank = tf.exp(tf.neg(tf.sum(tf.mul(p, logP), -1)));
    return tf.mul(rank, tf.sub(1, tf.squeeze(isZero, [isZero.rank - 1])));
  });
}

/**
 * Number of values of a spectrum that are not rounding.
 *
 * @param s - Singular values or magnitudes of eigenvalues, `[…,n]`, float32.
 * @param options - See {@link NumericalRankOptions}.
 * @returns `[…]`, int32; belongs to the caller. Has no gradient.
 * @throws {@link ShapeError} for a scalar or an empty spectrum; {@link ArgumentError} for another dtype or a negative tolerance.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { numericalRank } from "@lab/core/linalg";
 *
 * await init({ backend: "wasm" });
 * await numericalRank(tf.tensor1d([5, 1e-3, 1e-8])).array(); // => 2
 * ```
 */
export function numericalRank(s: tf.Tensor, options: NumericalRankOptions = {}): tf.Tensor {
  checkSpectrum("numericalRank", s);
  const automatic = s.shape.at(-1)! * 2 ** -23;
  const tolerance = checkNumber("numericalRank", "tolerance", options.tolerance ?? automatic, { min: 0 });
  return tf.tidy(() => {
    const cutoff = tf.mul(tf.max(s, -1, true), tolerance);
    return tf.cast(tf.sum(tf.cast(tf.greater(s, cutoff), "float32"), -1), "int32");
  });
}
