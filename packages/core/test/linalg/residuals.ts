import { expect } from "vitest";
import { eighHost, svdHost } from "../../src/linalg/index.js";
import { distance, multiply, offOrthogonality, transpose } from "./matrices.js";

const EPSILON = 2 ** -52;

/** Residual that backward stable algorithms keep. */
export const bound = (n: number) => 20 * n * EPSILON;

/** Checks $AV = V\Lambda$, orthogonality and order; the eigenvalues. */
export function checkEigh(a: Float64Array, n: number): Float64Array {
  const { values, vectors } = eighHost(a, n);
  const scaled = vectors.map((x, i) => x * values[i % n]!);
  expect(distance(multiply(a, vectors, n, n, n), scaled) || 0).toBeLessThan(bound(n));
  expect(offOrthogonality(vectors, n, n)).toBeLessThan(bound(n));
  for (let i = 1; i < n; i++) expect(values[i]!).toBeGreaterThanOrEqual(values[i - 1]!);
  return values;
}

/** Checks $A = U S V^T$, orthogonality and order; the singular values. */
export function checkSvd(a: Float64Array, m: number, n: number): Float64Array {
  const k = Math.min(m, n);
  const { u, s, vt } = svdHost(a, m, n);
  const us = u.map((x, i) => x * s[i % k]!);
  expect(distance(a, multiply(us, vt, m, k, n))).toBeLessThan(bound(Math.max(m, n)));
  expect(offOrthogonality(u, m, k)).toBeLessThan(bound(Math.max(m, n)));
  expect(offOrthogonality(transpose(vt, k, n), n, k)).toBeLessThan(bound(Math.max(m, n)));
  for (let i = 0; i < k; i++) expect(s[i]!).toBeGreaterThanOrEqual(s[i + 1] ?? 0);
  return s;
}
