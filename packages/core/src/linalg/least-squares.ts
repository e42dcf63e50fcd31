import * as tf from "@tensorflow/tfjs-core";
import { scaleColumns, transposed } from "./matrix-ops.js";
import { alignSystem, checkMatrix } from "./run-kernel.js";
import { svd } from "./svd.js";

/** Rounding unit of float32: singular values below max(m, n) of it, relative to the largest, count as zero. */
const FLOAT32_EPSILON = 2 ** -23;

/** $A = U S V^T$ with the inverse of S, zero where S counts as zero. */
function invertedSpectrum(a: tf.Tensor): { u: tf.Tensor; inverse: tf.Tensor; vt: tf.Tensor } {
  const { u, s, vt } = svd(a);
  const cutoff = tf.mul(tf.max(s, -1, true), Math.max(a.shape.at(-2)!, a.shape.at(-1)!) * FLOAT32_EPSILON);
  const isKept = tf.greater(s, cutoff);
  const inverse = tf.mul(tf.div(1, tf.where(isKept, s, tf.onesLike(s))), tf.cast(isKept, "float32"));
  return { u, inverse, vt };
}

/**
 * Moore–Penrose inverses.
 *
 * $A^+ = V S^+ U^T$
 *
 * @param a - `[…,m,n]`, float32.
 * @returns `[…,n,m]`; belongs to the caller.
 * @throws As {@link svd}.
 * @remarks Singular values below `max(m, n) · 2⁻²³` of the largest count as zero. The gradient is that of a matrix whose
 *   rank does not change (Golub, Pereyra 1973); where the rank changes the inverse is discontinuous.
 */
export function pinv(a: tf.Tensor): tf.Tensor {
  checkMatrix("pinv", "a", a);
  const run = tf.customGrad((matrix, save) => {
    const x = matrix as tf.Tensor;
    const { u, inverse, vt } = invertedSpectrum(x);
    (save as tf.GradSaveFunc)([x]);
    return {
      value: tf.matMul(scaleColumns(transposed(vt), inverse), u, false, true),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => pinvGradient(saved[0]!, dy),
    };
  });
  return run(a);
}

/** $-P^T G P^T + (I - AP) G^T P P^T + P^T P G^T (I - PA)$ for $P = A^+$ and the gradient G at it. */
function pinvGradient(a: tf.Tensor, g: tf.Tensor): tf.Tensor {
  const p = pinv(a);
  const pt = transposed(p);
  const gt = transposed(g);
  const direct = tf.matMul(pt, tf.matMul(g, pt));
  const left = tf.matMul(tf.sub(gt, tf.matMul(a, tf.matMul(p, gt))), tf.matMul(p, pt));
  const right = tf.matMul(tf.matMul(pt, p), tf.sub(gt, tf.matMul(tf.matMul(gt, p), a)));
  return tf.add(tf.sub(left, direct), right);
}

/**
 * Least-squares solutions, of least norm where there are many.
 *
 * $\min_X \|A X - B\|_F$, then $\min \|X\|_F$
 *
 * @param a - `[…,m,n]`, float32.
 * @param b - `[…,m,k]`, or one vector `[m]`; leading axes broadcast.
 * @returns `[…,n,k]`, or `[…,n]` for a vector; belongs to the caller.
 * @throws As {@link svd}.
 * @remarks By the singular value decomposition, never through $A^T A$: the error grows with the condition number, not its
 *   square, and rank deficient matrices are handled (cutoff `max(m, n) · 2⁻²³` of the largest singular value). Weakness:
 *   several times the cost of a QR factorisation, and a solution jumps when a singular value crosses the cutoff.
 *   The gradient assumes a rank that does not change.
 * @see Golub, Pereyra (1973), The differentiation of pseudo-inverses and nonlinear least squares.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { lstsq } from "@lab/core/linalg";
 *
 * await init({ backend: "wasm" });
 * const x = lstsq(tf.tensor2d([[1, 0], [1, 1], [1, 2]]), tf.tensor1d([1, 3, 5]));
 * Array.from(await x.data(), (value) => value.toFixed(4)); // => ["1.0000", "2.0000"]
 * ```
 */
export function lstsq(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  checkMatrix("lstsq", "a", a);
  return tf.tidy(() => {
    const system = alignSystem("lstsq", "a", a, b);
    return system.restore(leastSquares(system.a, system.b));
  });
}

function leastSquares(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const run = tf.customGrad((matrix, sides, save) => {
    const [x, y] = [matrix as tf.Tensor, sides as tf.Tensor];
    const { u, inverse, vt } = invertedSpectrum(x);
    (save as tf.GradSaveFunc)([x, y]);
    const inner = tf.mul(tf.matMul(u, y, true), tf.expandDims(inverse, -1));
    return {
      value: tf.matMul(vt, inner, true),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [a0, b0] = saved as [tf.Tensor, tf.Tensor];
        // X = A⁺ B: the gradient at A⁺ is dX·Bᵀ, that at B is A⁺ᵀ·dX.
        return [pinvGradient(a0, tf.matMul(dy, b0, false, true)), tf.matMul(pinv(a0), dy, true)];
      },
    };
  });
  return run(a, b);
}
