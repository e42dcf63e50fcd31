/** Smallest uniform that enters a logarithm: half of the step between two draws. */
const HALF_STEP = 2 ** -54;

/** Standard normals from pairs of uniforms in [0, 1) by the Box–Muller transform. */
export function fillBoxMuller(out: Float32Array | Float64Array, uniforms: Float64Array): void {
  for (let i = 0; i < out.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniforms[i]! + HALF_STEP));
    const angle = 2 * Math.PI * uniforms[i + 1]!;
    out[i] = radius * Math.cos(angle);
    if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle);
  }
}

/** Distribution function of the standard normal at −2, the mass cut off on each side. */
const TAIL = 0.022750131948179195;

/** Standard normals within ±2, by inversion. */
export function fillTruncatedNormal(out: Float32Array, uniforms: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] = inverseNormal(TAIL + (1 - 2 * TAIL) * uniforms[i]!);
}

// Rational approximation of the normal quantile, relative error below 1.2e-9 (P. J. Acklam's coefficients).
const A = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
  2.506628277459239,
];
const B = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
const C = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const D = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
const CENTRAL = 0.02425;

const polynomial = (coefficients: readonly number[], x: number) =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

/** Quantile of the standard normal for 0 < p < 1, to 1.2e-9 relative. */
export function inverseNormal(p: number): number {
  if (p < CENTRAL) {
    const q = Math.sqrt(-2 * Math.log(p));
    return polynomial(C, q) / (polynomial(D, q) * q + 1);
  }
  if (p > 1 - CENTRAL) return -inverseNormal(1 - p);
  const q = p - 0.5;
  const r = q * q;
  return (polynomial(A, r) * q) / (polynomial(B, r) * r + 1);
}
