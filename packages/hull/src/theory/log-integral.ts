/**
 * log ∫ exp(f) of a function with one maximum that falls off on both sides, by the trapezoidal rule.
 *
 * @param f - Logarithm of the integrand.
 * @param mode - Where it is largest.
 * @param step - Distance of the nodes.
 */
export function logTrapezoid(f: (x: number) => number, mode: number, step: number): number {
  const top = f(mode);
  let sum = 1;
  for (const direction of [step, -step]) {
    for (let k = 1; k < 100_000; k++) {
      const value = f(mode + k * direction) - top;
      if (!(value > -46)) break;
      sum += Math.exp(value);
    }
  }
  return top + Math.log(sum * Math.abs(step));
}

/** Maximiser of a function with one maximum on an interval, by golden section. */
export function goldenMaximum(f: (x: number) => number, low: number, high: number, tolerance = 1e-9): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let a = low;
  let b = high;
  let x = b - ratio * (b - a);
  let y = a + ratio * (b - a);
  let fx = f(x);
  let fy = f(y);
  while (b - a > tolerance * (1 + Math.abs(a) + Math.abs(b))) {
    if (fx > fy) {
      b = y;
      y = x;
      fy = fx;
      x = b - ratio * (b - a);
      fx = f(x);
    } else {
      a = x;
      x = y;
      fx = fy;
      y = a + ratio * (b - a);
      fy = f(y);
    }
  }
  return (a + b) / 2;
}

/** Width of a maximum from the second difference. */
export function widthAt(f: (x: number) => number, mode: number, delta: number): number {
  const curvature = (f(mode + delta) - 2 * f(mode) + f(mode - delta)) / (delta * delta);
  return curvature < 0 ? 1 / Math.sqrt(-curvature) : delta;
}
