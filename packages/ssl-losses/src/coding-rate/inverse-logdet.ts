import { callKernel, hasHostKernel } from "@lab/core/host-kernel";
import { cholesky, triangularSolve } from "@lab/core/linalg";
import * as tf from "@tensorflow/tfjs-core";
import { INVERSE_LOGDET, registerInverseLogdet } from "./inverse-logdet-kernel.js";

/** Inverses and logarithms of determinants of a batch. */
export interface InverseLogdet {
  /** `[k, d, d]`. */
  inverse: tf.Tensor3D;
  /** `[k]`. */
  logdet: tf.Tensor1D;
}

/** log(1 + x) on [0, 1] through Chebyshev nodes, degree 8; error below 4e-8. */
const LOG1P = [
  3.910905549e-8, 0.99999363, -0.499825499, 0.331446652, -0.239433371, 0.16499813, -0.0922904174, 0.0342646,
  -0.00600660505,
] as const;

function traceLog1p(r: tf.Tensor3D, squared: tf.Tensor3D): tf.Tensor1D {
  const inner = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b), [1, 2]);
  const dim = r.shape[1];
  const cubed = tf.matMul(squared, r);
  const fourth = tf.matMul(squared, squared);
  const traces = [
    inner(r, tf.expandDims(tf.eye(dim), 0)),
    inner(r, r),
    inner(r, squared),
    inner(squared, squared),
    inner(squared, cubed),
    inner(cubed, cubed),
    inner(cubed, fourth),
    inner(fourth, fourth),
  ];
  const terms = traces.map((trace, i) => tf.mul(trace, LOG1P[i + 1]!));
  return tf.add(tf.addN(terms), LOG1P[0] * dim) as tf.Tensor1D;
}

/**
 * Products only: with $R_0 = I - M/\lVert M \rVert_1$ the powers $R_{k+1} = R_k^2$ vanish and
 * $\log\det M = d \log \lVert M \rVert_1 - \sum_k \operatorname{tr} \log(I + R_k)$.
 */
function newtonSchulz(m: tf.Tensor3D, largest: number): InverseLogdet {
  const dim = m.shape[1];
  const eye = tf.expandDims(tf.eye(dim), 0) as tf.Tensor3D;
  const norm = tf.max(tf.sum(tf.abs(m), 1), 1);
  let inverse = tf.div(eye, tf.reshape(norm, [-1, 1, 1])) as tf.Tensor3D;
  let residual = tf.sub(eye, tf.matMul(m, inverse)) as tf.Tensor3D;
  let logdet = tf.mul(tf.log(norm), dim) as tf.Tensor1D;
  // The slowest eigenvalue, 1 − 1/‖M‖₁, must be squared until it is below e⁻²⁰; ‖M‖₁ ≤ √d λ_max.
  const numSteps = Math.ceil(Math.log2(20 * Math.sqrt(dim) * largest));
  for (let k = 0; k < numSteps; k++) {
    const squared = tf.matMul(residual, residual) as tf.Tensor3D;
    logdet = tf.sub(logdet, traceLog1p(residual, squared)) as tf.Tensor1D;
    inverse = tf.add(inverse, tf.matMul(inverse, residual)) as tf.Tensor3D;
    residual = squared;
  }
  return { inverse, logdet };
}

/**
 * Inverses and log-determinants of matrices with eigenvalues from 1 to `largest`.
 *
 * @param m - `[k, d, d]`, symmetric.
 * @param largest - Bound on the eigenvalues; sets the number of Newton–Schulz steps.
 */
export function inverseLogdet(
  m: tf.Tensor3D,
  method: "cholesky" | "newtonSchulz",
  largest: number,
): InverseLogdet {
  if (method === "newtonSchulz") return newtonSchulz(m, largest);
  registerInverseLogdet();
  if (hasHostKernel(INVERSE_LOGDET)) {
    const [inverse, logdet] = callKernel(INVERSE_LOGDET, { m });
    return { inverse: inverse as tf.Tensor3D, logdet: logdet as tf.Tensor1D };
  }
  const lower = cholesky(m);
  const eye = tf.expandDims(tf.eye(m.shape[1]), 0);
  const diagonal = tf.sum(tf.mul(lower, eye), 2);
  const half = triangularSolve(lower, tf.tile(eye, [m.shape[0], 1, 1]));
  // M⁻¹ = L⁻ᵀ L⁻¹, matrix by matrix: batched products are slow on wasm, and the eigenvalues of M⁻¹ are at most 1.
  const inverses = tf
    .unstack(half)
    .map((inverse) => tf.matMul(inverse as tf.Tensor2D, inverse as tf.Tensor2D, true));
  return {
    inverse: tf.stack(inverses) as tf.Tensor3D,
    logdet: tf.mul(tf.sum(tf.log(diagonal), 1), 2) as tf.Tensor1D,
  };
}
