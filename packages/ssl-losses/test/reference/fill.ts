import * as tf from "@tensorflow/tfjs-core";

/** sin(1 + 0.7i + 1.3k + 0.11ik + φ): deterministic input that any language can make. */
export function fill(n: number, d: number, phi: number): Float64Array {
  const out = new Float64Array(n * d);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < d; k++) out[i * d + k] = Math.sin(1 + 0.7 * i + 1.3 * k + 0.11 * i * k + phi);
  return out;
}

/** {@link fill} on the device. */
export const filled = (n: number, d: number, phi: number) =>
  tf.tensor2d(Float32Array.from(fill(n, d, phi)), [n, d]);

/** Rows of norm 1. */
export function unitRows(x: ArrayLike<number>, d: number): Float64Array {
  const out = Float64Array.from(x);
  for (let i = 0; i < out.length; i += d) {
    const norm = Math.hypot(...out.subarray(i, i + d));
    for (let k = 0; k < d; k++) out[i + k]! /= norm || 1;
  }
  return out;
}
