/** log C(n, k): a sum of logarithms for small k or n − k, Stirling's series else. */
export function logBinomial(n: number, k: number): number {
  const m = Math.min(k, n - k);
  if (m < 0) return Number.NEGATIVE_INFINITY;
  if (m < 2000) {
    let sum = 0;
    let carry = 0;
    for (let i = 1; i <= m; i++) {
      // Kahan: thousands of terms of like size.
      const term = Math.log((n - m + i) / i) - carry;
      const next = sum + term;
      carry = next - sum - term;
      sum = next;
    }
    return sum;
  }
  // log n! − log k! − log (n−k)! with the large parts cancelled by hand.
  const r = n - k;
  return (
    k * Math.log(n / k) +
    r * Math.log1p(k / r) +
    0.5 * Math.log(n / (2 * Math.PI * k * r)) +
    stirling(n) -
    stirling(k) -
    stirling(r)
  );
}

/** log x! − (x log x − x + ½ log 2πx) for x ≥ 2000. */
function stirling(x: number): number {
  const inverse = 1 / (x * x);
  return (1 / 12 - inverse * (1 / 360 - inverse / 1260)) / x;
}

/** Σ of values given by their logarithms. */
export function logSum(logs: readonly number[]): number {
  const largest = Math.max(...logs);
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  return largest + Math.log(logs.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}
