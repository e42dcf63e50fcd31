/** Complementary error function for x ≥ 0 by its continued fraction or series, to about 1e-15 relative. */
function erfc(x: number): number {
  if (x < 2) {
    // Series of erf: 2/√π · e^(−x²) · Σ 2^n x^(2n+1) / (1·3·…·(2n+1)).
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

/** Quantile of the standard normal for 0 < p < 1, by Newton's method on its distribution function. */
export function normalQuantile(p: number): number {
  if (p < 0.5) return -normalQuantile(1 - p);
  const tail = 1 - p;
  // The tail is convex and falling, so that the steps from 0 climb towards the quantile and never pass it.
  let x = 0;
  for (let step = 0; step < 100; step++) {
    const excess = 0.5 * erfc(x / Math.SQRT2) - tail;
    const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
    const change = excess / density;
    x += change;
    if (Math.abs(change) <= 1e-15 * Math.max(1, x)) break;
  }
  return x;
}
