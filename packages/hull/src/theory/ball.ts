import { checkInteger, checkNumber } from "@lab/core";
import { logBinomial } from "./log-binomial.js";
import { goldenMaximum, logTrapezoid, widthAt } from "./log-integral.js";
import { logGamma } from "./normal.js";

/** Arguments of {@link ballHullProbability}. */
export interface BallHullOptions {
  /** Number of points, at least 1. */
  n: number;
  /** Dimension, at least 1. */
  d: number;
  /** Exponent of the density ∝ (1 − ‖x‖²)^β; 0 is the uniform law. @defaultValue 0 */
  beta?: number;
}

/** log c(β), c(β) = Γ(β + 3/2) / (√π Γ(β + 1)). */
function logC(beta: number): number {
  return logGamma(beta + 1.5) - logGamma(beta + 1) - 0.5 * Math.log(Math.PI);
}

/**
 * Upper tail ∫_h^1 c(1 − x²)^{(α−1)/2} dx for h ≥ 0 from s = 1 − h²: half the incomplete beta function I_s(a, ½).
 */
function logTailOf(s: number, alpha: number): number {
  const a = (alpha + 1) / 2;
  if (s >= 1) return -Math.LN2;
  const front = (x: number, p: number, q: number) =>
    logGamma(p + q) - logGamma(p) - logGamma(q) + p * Math.log(x) + q * Math.log1p(-x) - Math.log(p);
  if (s < (a + 1) / (a + 2.5)) return front(s, a, 0.5) + Math.log(betaFraction(s, a, 0.5)) - Math.LN2;
  const other = Math.exp(front(1 - s, 0.5, a)) * betaFraction(1 - s, 0.5, a);
  return Math.log((1 - other) / 2);
}

/** Continued fraction of the incomplete beta function, by Lentz. */
function betaFraction(x: number, p: number, q: number): number {
  let c = 1;
  let d = 1 - ((p + q) * x) / (p + 1);
  d = 1 / d;
  let value = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (q - m) * x) / ((p + 2 * m - 1) * (p + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    value *= d * c;
    const odd = (-(p + m) * (p + q + m) * x) / ((p + 2 * m) * (p + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    const change = d * c;
    value *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return value;
}

/** log F(tanh u). */
function logCdf(u: number, alpha: number): number {
  const sech = 1 / Math.cosh(u);
  const tail = logTailOf(sech * sech, alpha);
  return u < 0 ? tail : Math.log1p(-Math.exp(tail));
}

/** log I_{n,k}; with h = tanh u the trapezoidal rule converges geometrically. */
function logExternal(n: number, k: number, alpha: number): number {
  const f = (u: number) =>
    -(alpha * k + 1) * (Math.abs(u) + Math.log1p(Math.exp(-2 * Math.abs(u))) - Math.LN2) +
    (n - k) * logCdf(u, alpha);
  const mode = goldenMaximum(f, -2, 12);
  const width = widthAt(f, mode, 1e-4);
  return logBinomial(n, k) + logC((alpha * k - 1) / 2) + logTrapezoid(f, mode, Math.min(width, 0.5) / 8);
}

const GAUSS_X = [0.1834346424956498, 0.525532409916329, 0.7966664774136267, 0.9602898564975363];
const GAUSS_W = [0.362683783378362, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763];

/** log J_m on the contour x = t + iθ through the saddle; G is added up along t, its closed sum cancels. */
function logInternal(m: number, alpha: number): number {
  if (m === 1) return 0;
  const power = alpha * m + 2;
  const logCdfAt = (theta: number) => {
    const cosine = Math.cos(theta);
    const tail = logTailOf(cosine * cosine, alpha);
    return theta >= 0 ? tail : Math.log1p(-Math.exp(tail));
  };
  const real = (theta: number) => (m - 1) * logCdfAt(theta) - power * Math.log(Math.cos(theta));
  const theta = goldenMaximum((x) => -real(x), 0, 1.55, 1e-12);
  const cosine = Math.cos(theta);
  const sine = Math.sin(theta);
  const c = Math.exp(logC((alpha - 1) / 2));
  const logCosh = (t: number): [number, number] => {
    const a = Math.cosh(t) * cosine;
    const b = Math.sinh(t) * sine;
    return [0.5 * Math.log(a * a + b * b), Math.atan2(b, a)];
  };
  // ½ + iG at t = 0 is the tail 1 − F(sin θ), real; its change with t is i c cosh^α.
  let re = Math.exp(logCdfAt(theta));
  let im = 0;
  const top = real(theta);
  const step = 2e-3;
  // The integrand falls like (2 / e^t)^(α+2): the factor 2 costs a stretch of log 2.
  const end = 50 / (alpha + 2) + 1;
  let sum = 1;
  for (let t = 0; t < end; t += step) {
    for (let g = 0; g < 8; g++) {
      const x = GAUSS_X[g >> 1]! * (g % 2 === 0 ? 1 : -1);
      const [size, angle] = logCosh(t + (step / 2) * (1 + x));
      const scale = (GAUSS_W[g >> 1]! * step * c * Math.exp(alpha * size)) / 2;
      re -= scale * Math.sin(alpha * angle);
      im += scale * Math.cos(alpha * angle);
    }
    const [size, angle] = logCosh(t + step);
    const value = -power * size + (m - 1) * 0.5 * Math.log(re * re + im * im) - top;
    if (value < -46) break;
    sum += 2 * Math.exp(value) * Math.cos(-power * angle + (m - 1) * Math.atan2(im, re));
  }
  return Math.log(m) + logC((alpha * m) / 2) + top + Math.log(sum * step);
}

const internalCache = new Map<string, number>();

function logInternalOnce(m: number, alpha: number): number {
  const key = `${m},${alpha}`;
  let value = internalCache.get(key);
  if (value === undefined) {
    value = logInternal(m, alpha);
    if (internalCache.size > 500) internalCache.clear();
    internalCache.set(key, value);
  }
  return value;
}

/**
 * Probability that a sample of the law ∝ (1 − ‖x‖²)^β on the unit ball lies in the hull of n others.
 *
 * $P_{in} = \frac2n I_{n,d+2} J_{d+2}$ with n counting the query, for the uniform law.
 *
 * @param options - Number of points, dimension, exponent.
 * @returns The probability, to about 1e-9 relative; for a β that is not whole to about 1e-9 absolute.
 * @throws `ArgumentError` when n or d is not an integer of at least 1, or β ≤ −1.
 * @see Kabluchko (2021), Recursive scheme for angles of random simplices, and applications to random polytopes.
 * @example
 * ```ts
 * import { ballHullProbability } from "@lab/hull/theory";
 *
 * ballHullProbability({ n: 4, d: 3 }).toFixed(9); // => (9 / 715).toFixed(9)
 * ```
 */
export function ballHullProbability({ n, d, beta = 0 }: BallHullOptions): number {
  checkInteger("ballHullProbability", "n", n, { min: 1 });
  checkInteger("ballHullProbability", "d", d, { min: 1 });
  checkNumber("ballHullProbability", "beta", beta, { above: -1 });
  if (n <= d) return 0;
  return ballInside(n, d, beta);
}

/** P_in without checks; n may be any number above d. */
export function ballInside(n: number, d: number, beta: number): number {
  const total = n + 1;
  const alpha = 2 * beta + d;
  if (Number.isInteger(beta) && beta >= 0) {
    let sum = 0;
    for (let m = d + 2; m <= alpha + 2 && m <= total; m += 2) {
      sum += Math.exp(logExternal(total, m, alpha) + logInternalOnce(m, alpha));
    }
    return Math.min(1, (2 / total) * sum);
  }
  let sum = 0;
  for (let m = d; m >= 1; m -= 2) {
    sum += Math.exp(logExternal(total, m, alpha) + logInternalOnce(m, alpha));
  }
  return Math.min(1, Math.max(0, 1 - (2 / total) * sum));
}
