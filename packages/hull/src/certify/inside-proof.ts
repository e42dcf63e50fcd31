import { gamma } from "./rounding.js";

/** What the robust simplex says. */
export interface InsideProof {
  /** Whether the exact weights are proven positive. */
  isProven: boolean;
  /** Computed weights, sum 1 up to rounding. */
  weight: Float64Array;
  /** Largest error bound of a weight. */
  bound: number;
}

/**
 * Proves that 0 lies in the simplex of d + 1 vertices: bounds the error of the computed barycentric coordinates.
 *
 * A λ = b with the columns [y_s; 1] and b = [0; 1]. With Â ≈ A⁻¹, r = Aλ̂ − b, z = |Â|(|r| + γ(|A||λ̂| + |b|)) and
 * η = ‖I − ÂA‖ + γ‖|Â||A|‖ < ½, |λ_j − λ̂_j| ≤ z_j + ‖z‖ η/(1 − η). If λ̂_j exceeds that for all j, 0 is inside.
 *
 * @param vertices - d + 1 rows of differences y_s = fl(x_s − q), each entry with at most one rounding.
 * @returns `null` when the simplex is numerically flat.
 */
export function proveInside(vertices: Float64Array, d: number): InsideProof | null {
  const k = d + 1;
  // Row j of A holds coordinate j of all vertices; powers of two as scale are exact.
  const a = new Float64Array(k * k);
  for (let j = 0; j < d; j++) {
    let largest = 0;
    for (let s = 0; s < k; s++) largest = Math.max(largest, Math.abs(vertices[s * d + j]!));
    if (largest === 0) return null;
    const scale = 2 ** -Math.floor(Math.log2(largest));
    for (let s = 0; s < k; s++) a[j * k + s] = vertices[s * d + j]! * scale;
  }
  a.fill(1, d * k);
  const inverse = invert(a, k);
  if (inverse === null) return null;
  const weight = new Float64Array(k);
  for (let s = 0; s < k; s++) weight[s] = inverse[s * k + d]!;
  // One refinement lets the residual be that of rounding alone.
  for (let pass = 0; pass < 2; pass++) {
    const residual = residualOf(a, weight, k);
    for (let s = 0; s < k; s++) {
      let sum = 0;
      for (let j = 0; j < k; j++) sum += inverse[s * k + j]! * residual[j]!;
      weight[s] = weight[s]! - sum;
    }
  }
  for (const w of weight) if (!(w > 0)) return { isProven: false, weight, bound: Number.POSITIVE_INFINITY };
  const g = gamma(k + 4);
  const residual = residualOf(a, weight, k);
  const error = new Float64Array(k);
  for (let j = 0; j < k; j++) {
    let size = j === d ? 1 : 0;
    for (let s = 0; s < k; s++) size += Math.abs(a[j * k + s]!) * weight[s]!;
    error[j] = Math.abs(residual[j]!) + g * size;
  }
  const z = new Float64Array(k);
  let largestZ = 0;
  for (let s = 0; s < k; s++) {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += Math.abs(inverse[s * k + j]!) * error[j]!;
    z[s] = sum * (1 + 4 * g);
    largestZ = Math.max(largestZ, z[s]!);
  }
  const eta = inverseDefect(a, inverse, k, g);
  if (!(eta < 0.5)) return { isProven: false, weight, bound: Number.POSITIVE_INFINITY };
  const extra = (largestZ * eta * (1 + 4 * g)) / (1 - eta);
  let isProven = true;
  let bound = 0;
  for (let s = 0; s < k; s++) {
    const error = (z[s]! + extra) * (1 + 4 * g);
    bound = Math.max(bound, error);
    if (!(weight[s]! > error)) isProven = false;
  }
  return { isProven, weight, bound };
}

/** Aλ − [0; 1]. */
function residualOf(a: Float64Array, weight: Float64Array, k: number): Float64Array {
  const out = new Float64Array(k);
  for (let j = 0; j < k; j++) {
    let sum = j === k - 1 ? -1 : 0;
    for (let s = 0; s < k; s++) sum += a[j * k + s]! * weight[s]!;
    out[j] = sum;
  }
  return out;
}

/** ‖I − ÂA‖_∞ + γ ‖|Â||A|‖_∞. */
function inverseDefect(a: Float64Array, inverse: Float64Array, k: number, g: number): number {
  const row = new Float64Array(k);
  const sizes = new Float64Array(k);
  let largest = 0;
  for (let s = 0; s < k; s++) {
    row.fill(0);
    sizes.fill(0);
    for (let j = 0; j < k; j++) {
      const f = inverse[s * k + j]!;
      const size = Math.abs(f);
      const at = j * k;
      for (let c = 0; c < k; c++) {
        const v = a[at + c]!;
        row[c] = row[c]! + f * v;
        sizes[c] = sizes[c]! + size * Math.abs(v);
      }
    }
    let sum = 0;
    for (let c = 0; c < k; c++) sum += Math.abs(row[c]! - (c === s ? 1 : 0)) + g * sizes[c]!;
    largest = Math.max(largest, sum);
  }
  return largest * (1 + 4 * g);
}

/** Gauss–Jordan with row pivoting; `null` when a pivot vanishes. */
function invert(matrix: Float64Array, n: number): Float64Array | null {
  const a = Float64Array.from(matrix);
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) out[i * n + i] = 1;
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(a[r * n + c]!) > Math.abs(a[pivot * n + c]!)) pivot = r;
    const value = a[pivot * n + c]!;
    if (value === 0) return null;
    if (pivot !== c) {
      swapRows(a, n, pivot, c);
      swapRows(out, n, pivot, c);
    }
    for (let j = 0; j < n; j++) {
      a[c * n + j] = a[c * n + j]! / value;
      out[c * n + j] = out[c * n + j]! / value;
    }
    for (let r = 0; r < n; r++) {
      if (r === c) continue;
      const factor = a[r * n + c]!;
      if (factor === 0) continue;
      for (let j = c; j < n; j++) a[r * n + j] = a[r * n + j]! - factor * a[c * n + j]!;
      for (let j = 0; j < n; j++) out[r * n + j] = out[r * n + j]! - factor * out[c * n + j]!;
    }
  }
  return out;
}

function swapRows(a: Float64Array, n: number, first: number, second: number): void {
  for (let j = 0; j < n; j++) {
    const kept = a[first * n + j]!;
    a[first * n + j] = a[second * n + j]!;
    a[second * n + j] = kept;
  }
}
