/**
 * Power of two that brings the largest magnitude of `values` into [1, 2), so that no square over- or underflows;
 * 1 for a zero array. Multiplying by it is exact.
 */
export function powerOfTwoScale(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (size > largest) largest = size;
  }
  if (largest === 0) return 1;
  const exponent = Math.floor(Math.log2(largest));
  return 2 ** -Math.max(-1022, Math.min(1022, exponent));
}
