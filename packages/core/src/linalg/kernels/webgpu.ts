import * as tf from "@tensorflow/tfjs-core";
import { block, transposed } from "../matrix-ops.js";
import type { LinalgKernels } from "./names.js";

/** A Cholesky factor and its inverse. */
interface Factor {
  l: tf.Tensor;
  inverse: tf.Tensor;
}

/**
 * Cholesky factor from products of halves, on the device: no value is read.
 *
 * $L_{21} = A_{21} L_{11}^{-T}$, $L_{22} L_{22}^T = A_{22} - L_{21} L_{21}^T$; inverses of the diagonal blocks are built on the
 * way. A pivot that is not positive gives NaN.
 */
export function blockedCholesky(a: tf.Tensor): tf.Tensor {
  return tf.tidy(() => factorHalves(a, false).l);
}

function factorHalves(a: tf.Tensor, withInverse: boolean): Factor {
  const n = a.shape.at(-1)!;
  if (n === 1) {
    const l = tf.sqrt(a);
    return { l, inverse: tf.div(1, l) };
  }
  const top = n >> 1;
  const bottom = n - top;
  const first = factorHalves(block(a, 0, 0, top, top), true);
  const below = tf.matMul(block(a, top, 0, bottom, top), first.inverse, false, true);
  const rest = tf.sub(block(a, top, top, bottom, bottom), tf.matMul(below, below, false, true));
  const second = factorHalves(rest, withInverse);
  const l = lowerFromBlocks(first.l, below, second.l);
  if (!withInverse) return { l, inverse: l };
  const corner = tf.neg(tf.matMul(second.inverse, tf.matMul(below, first.inverse)));
  return { l, inverse: lowerFromBlocks(first.inverse, corner, second.inverse) };
}

function lowerFromBlocks(topLeft: tf.Tensor, bottomLeft: tf.Tensor, bottomRight: tf.Tensor): tf.Tensor {
  const zeros = tf.zeros(transposed(bottomLeft).shape);
  const upper = tf.concat([topLeft, zeros], -1);
  return tf.concat([upper, tf.concat([bottomLeft, bottomRight], -1)], -2);
}

/** Solves triangular systems by halves, on the device: no value is read; a zero on the diagonal gives infinities. */
export function blockedTriangularSolve(
  l: tf.Tensor,
  b: tf.Tensor,
  lower: boolean,
  transpose: boolean,
): tf.Tensor {
  return tf.tidy(() => solveHalves(transpose ? transposed(l) : l, b, lower !== transpose));
}

function solveHalves(t: tf.Tensor, b: tf.Tensor, lower: boolean): tf.Tensor {
  const n = t.shape.at(-1)!;
  if (n === 1) return tf.div(b, t);
  const k = b.shape.at(-1)!;
  const top = n >> 1;
  const bottom = n - top;
  const [t11, t22] = [block(t, 0, 0, top, top), block(t, top, top, bottom, bottom)];
  const [b1, b2] = [block(b, 0, 0, top, k), block(b, top, 0, bottom, k)];
  if (lower) {
    const x1 = solveHalves(t11, b1, true);
    const x2 = solveHalves(t22, tf.sub(b2, tf.matMul(block(t, top, 0, bottom, top), x1)), true);
    return tf.concat([x1, x2], -2);
  }
  const x2 = solveHalves(t22, b2, false);
  const x1 = solveHalves(t11, tf.sub(b1, tf.matMul(block(t, 0, top, top, bottom), x2)), false);
  return tf.concat([x1, x2], -2);
}

/** Kernels that stay on a WebGPU device; the others run on the host. */
export const webgpuKernels: LinalgKernels = {
  LabCholesky: ({ inputs }) => blockedCholesky(inputs.a as tf.Tensor),
  LabTriangularSolve: ({ inputs, attrs }) =>
    blockedTriangularSolve(
      inputs.l as tf.Tensor,
      inputs.b as tf.Tensor,
      attrs?.lower === true,
      attrs?.transpose === true,
    ),
};
