import { checkInteger, checkNumber } from "@lab/core";
import { logBinomial, logSum } from "./log-binomial.js";
import { logTrapezoid } from "./log-integral.js";
import { erfcx, inverseMills, logFaddeeva, logNormalCdf } from "./normal.js";

/** Arguments of {@link gaussianHullProbability}. */
export interface GaussianHullOptions {
  /** Number of points, at least 1. */
  n: number;
  /** Dimension, at least 1. */
  d: number;
  /** Standard deviation of the query relative to that of the points. @defaultValue 1 */
  sigma?: number;
}

/**
 * log g_n(r), g_n(r) = E Φ(√r Z)ⁿ for r ≥ 0.
 *
 * The integrand exp(n log Φ(√r x) − x²/2) is log-concave: Newton finds its mode.
 */
export function logPowerMean(n: number, r: number): number {
  if (n === 0) return 0;
  if (r === 0) return -n * Math.LN2;
  const s = Math.sqrt(r);
  let x = 0;
  let curvature = 1;
  for (let i = 0; i < 200; i++) {
    const m = inverseMills(s * x);
    const slope = n * s * m - x;
    curvature = 1 + n * r * m * (s * x + m);
    const step = slope / curvature;
    x += step;
    if (Math.abs(step) < 1e-10 * (1 + Math.abs(x))) break;
  }
  const f = (t: number) => n * logNormalCdf(s * t) - 0.5 * t * t;
  return logTrapezoid(f, x, 1 / Math.sqrt(curvature) / 6) - 0.5 * Math.log(2 * Math.PI);
}

/**
 * log g_k(−r_k), r_k = σ²/(1 + kσ²): the internal angle, on a shifted contour where nothing cancels.
 *
 * g = 2^{−k} √(2π/r_k) (1/2π) ∫ exp(k log w(i(θ + it)/√2) + (θ + it)²/(2σ²)) dt.
 */
export function logInternalAngle(k: number, sigma: number): number {
  if (k === 0) return 0;
  const square = sigma * sigma;
  const mills = (theta: number) => Math.sqrt(2 / Math.PI) / erfcx(theta / Math.SQRT2);
  // Root of k(θ − m) + θ/σ² by bisection: the left side rises from −k m(0) to ∞.
  let low = 0;
  let high = 1;
  const slope = (theta: number) => k * (theta - mills(theta)) + theta / square;
  while (slope(high) < 0) high *= 2;
  for (let i = 0; i < 200 && high - low > 1e-15 * high; i++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  const theta = (low + high) / 2;
  const m = mills(theta);
  const curvature = k * (1 - m * (m - theta)) + 1 / square;
  const step = 0.25 / Math.sqrt(curvature);
  const logAt = (t: number): [number, number] => {
    const [re, im] = logFaddeeva(-t / Math.SQRT2, theta / Math.SQRT2);
    return [k * re + (theta * theta - t * t) / (2 * square), k * im + (theta * t) / square];
  };
  const [top] = logAt(0);
  let sum = 1;
  for (let i = 1; i <= 160; i++) {
    const [re, im] = logAt(i * step);
    if (re - top < -46) break;
    sum += 2 * Math.exp(re - top) * Math.cos(im);
  }
  return (
    -k * Math.LN2 + 0.5 * Math.log((1 + k * square) / (2 * Math.PI * square)) + top + Math.log(sum * step)
  );
}

/** log b_{N,k}. */
function logTerm(n: number, k: number, sigma: number): number {
  const r = (sigma * sigma) / (1 + k * sigma * sigma);
  return logBinomial(n, k) + logInternalAngle(k, sigma) + logPowerMean(n - k, r);
}

function logTail(n: number, first: number, step: 2 | -2, sigma: number): number {
  const logs: number[] = [];
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = first; k >= 0 && k <= n; k += step) {
    const value = logTerm(n, k, sigma);
    logs.push(value);
    if (value > largest) largest = value;
    else if (value < largest - 45) break;
  }
  return logs.length === 0 ? Number.NEGATIVE_INFINITY : Math.LN2 + logSum(logs);
}

/** log P_out: the probability that the query is outside. */
export function logGaussianOutside(n: number, d: number, sigma = 1): number {
  return d > n ? 0 : Math.min(0, logTail(n, d - 1, -2, sigma));
}

function checkArguments(caller: string, { n, d, sigma = 1 }: GaussianHullOptions): number {
  checkInteger(caller, "n", n, { min: 1 });
  checkInteger(caller, "d", d, { min: 1 });
  return checkNumber(caller, "sigma", sigma, { above: 0 });
}

/** Logarithm of {@link gaussianHullProbability}, for probabilities below 1e-300. */
export function logGaussianHullProbability(options: GaussianHullOptions): number {
  const sigma = checkArguments("logGaussianHullProbability", options);
  const { n, d } = options;
  if (d >= n) return Number.NEGATIVE_INFINITY;
  return logGaussianInside(n, d, sigma);
}

/** log P_in, whichever side is the accurate one. */
export function logGaussianInside(n: number, d: number, sigma: number): number {
  const inside = logTail(n, d + 1, 2, sigma);
  if (inside < -0.7) return inside;
  return Math.log1p(-Math.exp(logGaussianOutside(n, d, sigma)));
}

/**
 * Probability that a Gaussian sample lies in the convex hull of n independent standard Gaussian samples.
 *
 * $P_{in} = 2(b_{n,d+1} + b_{n,d+3} + \dots)$, $b_{n,k} = \binom nk g_k(-r_k)\, g_{n-k}(r_k)$,
 * $r_k = \sigma^2/(1 + k\sigma^2)$, $g_n(r) = E\,\Phi(\sqrt r Z)^n$
 *
 * @param options - Number of points, dimension, standard deviation of the query.
 * @returns The probability, to about 1e-10 relative.
 * @throws `ArgumentError` when n or d is not an integer of at least 1.
 * @see Kabluchko, Zaporozhets (2020), Absorption probabilities for Gaussian polytopes; theorem 4 of the paper.
 * @example
 * ```ts
 * import { gaussianHullProbability } from "@lab/hull/theory";
 *
 * gaussianHullProbability({ n: 60_000, d: 30 }).toPrecision(6); // => "0.00216487"
 * ```
 */
export function gaussianHullProbability(options: GaussianHullOptions): number {
  const sigma = checkArguments("gaussianHullProbability", options);
  const { n, d } = options;
  return d >= n ? 0 : Math.exp(logGaussianInside(n, d, sigma));
}
