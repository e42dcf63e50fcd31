const H = 0.5;
/** Shifted nodes (n + ½)h of the trapezoidal rule, n ≥ 0, with e^{−t²}. */
const NODES = Array.from({ length: 14 }, (_, n) => (n + 0.5) * H);
const WEIGHTS = NODES.map((t) => Math.exp(-t * t));

/** erfcx(y) = exp(y²) erfc(y) for y ≥ 0: trapezoidal rule with the pole taken out. */
export function erfcx(y: number): number {
  if (y > 1e8) return 1 / (y * Math.sqrt(Math.PI));
  let sum = 0;
  for (let n = 0; n < NODES.length; n++) sum += WEIGHTS[n]! / (y * y + NODES[n]! * NODES[n]!);
  const series = ((2 * H * y) / Math.PI) * sum;
  if (y >= Math.PI / H) return series;
  return series + (2 * Math.exp(y * y)) / (1 + Math.exp((2 * Math.PI * y) / H));
}

/** log Φ(x), accurate in both tails. */
export function logNormalCdf(x: number): number {
  const y = Math.abs(x) / Math.SQRT2;
  const scaled = erfcx(y);
  if (x < 0) return Math.log(scaled / 2) - y * y;
  return Math.log1p((-scaled * Math.exp(-y * y)) / 2);
}

/** φ(x)/Φ(x). */
export function inverseMills(x: number): number {
  if (x < 0) return Math.sqrt(2 / Math.PI) / erfcx(-x / Math.SQRT2);
  return Math.exp(-0.5 * x * x - logNormalCdf(x)) / Math.sqrt(2 * Math.PI);
}

/** log w(x + iy), y > 0, with w the Faddeeva function: real and imaginary part. */
export function logFaddeeva(x: number, y: number): [number, number] {
  // Nodes n h, or (n + ½) h where x comes close to one of the former.
  const position = x / H;
  const isNear = Math.abs(position - Math.round(position)) < 0.25;
  const shift = isNear ? 0.5 : 0;
  let re = 0;
  let im = 0;
  for (let n = -14; n <= 13 + (isNear ? 0 : 1); n++) {
    const t = (n + shift) * H;
    const weight = Math.exp(-t * t);
    const u = x - t;
    const size = u * u + y * y;
    // i / (u + iy) = (y + iu) / (u² + y²)
    re += (weight * y) / size;
    im += (weight * u) / size;
  }
  re *= H / Math.PI;
  im *= H / Math.PI;
  if (y < Math.PI / H) {
    // 2 e^{−z²} / (1 ∓ e^{−2πiz/h})
    const size = 2 * Math.exp(y * y - x * x);
    const angle = -2 * x * y;
    const grown = Math.exp((2 * Math.PI * y) / H);
    const turn = (-2 * Math.PI * x) / H;
    const sign = isNear ? 1 : -1;
    const a = 1 + sign * grown * Math.cos(turn);
    const b = sign * grown * Math.sin(turn);
    const below = a * a + b * b;
    const c = size * Math.cos(angle);
    const s = size * Math.sin(angle);
    re += (c * a + s * b) / below;
    im += (s * a - c * b) / below;
  }
  return [0.5 * Math.log(re * re + im * im), Math.atan2(im, re)];
}

/** log Γ(x) for x > 0: Stirling's series after raising the argument. */
export function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < 15) {
    shift += Math.log(z);
    z += 1;
  }
  const inverse = 1 / (z * z);
  const series =
    (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
