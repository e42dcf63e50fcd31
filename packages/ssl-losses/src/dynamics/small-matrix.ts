import { qrHost } from "@lab/core/linalg";
import type { Generator } from "@lab/core/random";

/** A·B for A `[m, d]` and B `[d, d]`, row by row. */
export function product(a: Float64Array, b: Float64Array, d: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < a.length; i += d) {
    for (let k = 0; k < d; k++) {
      const value = a[i + k]!;
      for (let j = 0; j < d; j++) out[i + j]! += value * b[k * d + j]!;
    }
  }
  return out;
}

/** Aᵀ of a square matrix. */
export function transposed(a: Float64Array, d: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) out[j * d + i] = a[i * d + j]!;
  return out;
}

/** AᵀB for A and B `[m, d]`. */
export function crossProduct(a: Float64Array, b: Float64Array, d: number): Float64Array {
  const out = new Float64Array(d * d);
  for (let i = 0; i < a.length; i += d) {
    for (let k = 0; k < d; k++) {
      const value = a[i + k]!;
      for (let j = 0; j < d; j++) out[k * d + j]! += value * b[i + j]!;
    }
  }
  return out;
}

/** Orthogonal matrix from the QR factorisation of a normal one. */
export function randomOrthogonal(d: number, generator: Generator): Float64Array {
  return qrHost(generator.normal64(d * d), d, d).q;
}
