import { checkChoice, checkInteger, checkNumber } from "@lab/core";
import { ballInside } from "./ball.js";
import type { PointCount } from "./closed-forms.js";
import { logGaussianInside, logGaussianOutside } from "./gaussian.js";
import { goldenMaximum, logTrapezoid, widthAt } from "./log-integral.js";
import { logGamma, logNormalCdf } from "./normal.js";

/** Laws with exact probabilities: standard Gaussian, uniform on the ball. */
export type Law = "gaussian" | "ball";

const laws = ["gaussian", "ball"] as const;

function logInside(n: number, d: number, law: Law): number {
  if (n <= d) return Number.NEGATIVE_INFINITY;
  return law === "gaussian" ? logGaussianInside(n, d, 1) : Math.log(ballInside(n, d, 0));
}

/**
 * Expected number of extreme points among n samples: n(1 − P_in(n − 1, d)).
 *
 * @throws `ArgumentError` when n or d is not an integer of at least 1, or the law is another.
 * @see Efron (1965), The convex hull of a random set of points.
 */
export function expectedExtremePoints({
  n,
  d,
  law,
}: PointCount & { /** Law of the points. */ law: Law }): number {
  checkInteger("expectedExtremePoints", "n", n, { min: 1 });
  checkInteger("expectedExtremePoints", "d", d, { min: 1 });
  checkChoice("expectedExtremePoints", "law", law, laws);
  if (n <= d + 1) return n;
  if (law === "gaussian") return n * Math.exp(logGaussianOutside(n - 1, d));
  return n * (1 - ballInside(n - 1, d, 0));
}

/** Arguments of {@link sampleSizeForProbability}. */
export interface SampleSizeOptions {
  /** Dimension, at least 1. */
  d: number;
  /** Law of points and query. */
  law: Law;
  /** Probability to reach, in (0, 1). */
  probability: number;
}

/**
 * Smallest number of samples whose hull holds a fresh one with the given probability.
 *
 * @returns A whole number; above 2^53 the nearest double.
 * @throws `ArgumentError` when an argument is out of range.
 * @example
 * ```ts
 * import { sampleSizeForProbability } from "@lab/hull/theory";
 *
 * sampleSizeForProbability({ d: 5, law: "gaussian", probability: 0.5 }); // => 135
 * ```
 */
export function sampleSizeForProbability({ d, law, probability }: SampleSizeOptions): number {
  checkInteger("sampleSizeForProbability", "d", d, { min: 1 });
  checkChoice("sampleSizeForProbability", "law", law, laws);
  checkNumber("sampleSizeForProbability", "probability", probability, { above: 0, below: 1 });
  const target = Math.log(probability);
  return firstAtLeast(d + 1, (n) => logInside(n, d, law) - target);
}

/**
 * Number of samples at which convex position is lost: the smallest N with N · P_in(N − 1, d) ≥ 1.
 *
 * @throws `ArgumentError` when d is not an integer of at least 1 or the law is another.
 */
export function convexPositionThreshold({
  d,
  law,
}: {
  /** Dimension. */ d: number /** Law. */;
  law: Law;
}): number {
  checkInteger("convexPositionThreshold", "d", d, { min: 1 });
  checkChoice("convexPositionThreshold", "law", law, laws);
  return firstAtLeast(d + 2, (n) => Math.log(n) + logInside(n - 1, d, law));
}

/** Smallest whole n ≥ start at which a rising function is not negative. */
function firstAtLeast(start: number, f: (n: number) => number): number {
  if (f(start) >= 0) return start;
  let low = start;
  let high = 2 * start;
  while (f(high) < 0) {
    low = high;
    high *= 4;
  }
  while (high - low > 1 && high - low > 1e-12 * high) {
    // Secant in log n, kept inside the bracket by bisection.
    const middle = Math.floor(high / low > 2 ? Math.sqrt(low * high) : (low + high) / 2);
    if (f(middle) >= 0) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * Probability that the single direction w = q separates a standard Gaussian query from n standard Gaussian points.
 *
 * $E\,\Phi(\chi_d)^n$
 *
 * @throws `ArgumentError` when n or d is not an integer of at least 1.
 */
export function firstDirectionRejection({ n, d }: PointCount): number {
  checkInteger("firstDirectionRejection", "n", n, { min: 1 });
  checkInteger("firstDirectionRejection", "d", d, { min: 1 });
  // x = e^u removes the end at 0.
  const f = (u: number) => d * u - 0.5 * Math.exp(2 * u) + n * logNormalCdf(Math.exp(u));
  const mode = goldenMaximum(f, -3, 8);
  const log = logTrapezoid(f, mode, widthAt(f, mode, 1e-4) / 8);
  return Math.exp(log - (d / 2 - 1) * Math.LN2 - logGamma(d / 2));
}
