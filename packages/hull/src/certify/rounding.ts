/** Unit roundoff of double precision. */
export const UNIT = 2 ** -53;

/** γ_k = k u / (1 − k u): the relative error of k rounded operations, in double precision. */
export function gamma(k: number): number {
  return (k * UNIT) / (1 - k * UNIT);
}

/** γ_k in single precision. */
export function gamma32(k: number): number {
  return (k * 2 ** -24) / (1 - k * 2 ** -24);
}
