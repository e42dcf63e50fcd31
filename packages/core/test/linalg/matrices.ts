import { gaussians } from "../../src/testing/index.js";

/** Plain triple loop, the reference of every residual: `m × k` times `k × n`. */
export function multiply(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  m: number,
  k: number,
  n: number,
): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const factor = a[i * k + l]!;
      for (let j = 0; j < n; j++) out[i * n + j] = out[i * n + j]! + factor * b[l * n + j]!;
    }
  }
  return out;
}

export function transpose(a: ArrayLike<number>, m: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[j * m + i] = a[i * n + j]!;
  return out;
}

export const norm = (a: ArrayLike<number>) => Math.sqrt(Array.from(a).reduce((sum, x) => sum + x * x, 0));

/** ‖a − b‖ / ‖a‖ in the Frobenius norm; the absolute distance for a = 0. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return norm(Array.from(a, (x, i) => x - b[i]!)) / (norm(a) || 1);
}

/** ‖QᵀQ − I‖ for an `m × n` matrix. */
export function offOrthogonality(q: ArrayLike<number>, m: number, n: number): number {
  const gram = multiply(transpose(q, m, n), q, n, m, n);
  for (let i = 0; i < n; i++) gram[i * n + i] = gram[i * n + i]! - 1;
  return norm(gram);
}

/** Orthonormal columns by twice modified Gram–Schmidt on normals; written for the tests, shares nothing with src. */
export function randomOrthogonal(n: number, seed: number): Float64Array {
  const rows = gaussians(n * n, seed);
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * n, (i + 1) * n);
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < i; k++) {
        let dot = 0;
        for (let j = 0; j < n; j++) dot += row[j]! * rows[k * n + j]!;
        for (let j = 0; j < n; j++) row[j] = row[j]! - dot * rows[k * n + j]!;
      }
    }
    const size = norm(row);
    for (let j = 0; j < n; j++) row[j] = row[j]! / size;
  }
  return rows;
}

/** Symmetric matrix with the given eigenvalues. */
export function withSpectrum(values: ArrayLike<number>, seed: number): Float64Array {
  const n = values.length;
  const q = randomOrthogonal(n, seed);
  const scaled = Float64Array.from(q, (x, i) => x * values[Math.floor(i / n)]!);
  const a = multiply(transpose(q, n, n), scaled, n, n, n);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[j * n + i] = a[i * n + j]!;
  return a;
}

/** Spectra by name: what eigensolvers find hard. */
export const spectra: Record<string, (n: number) => Float64Array> = {
  random: (n) => gaussians(n, 5).map((x) => Math.abs(x) + 0.1),
  graded: (n) => Float64Array.from({ length: n }, (_, i) => 10 ** ((-10 * i) / Math.max(n - 1, 1))),
  clustered: (n) => Float64Array.from({ length: n }, (_, i) => (i < n / 2 ? 1 : 2) + 1e-12 * i),
  identity: (n) => new Float64Array(n).fill(1),
  singular: (n) => Float64Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 0 : i)),
};
