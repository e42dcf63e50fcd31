import { checkChoice, checkInteger } from "@lab/core";
import { logBinomial, logSum } from "./log-binomial.js";
import { logGamma } from "./normal.js";

/** Number of points and dimension. */
export interface PointCount {
  /** Number of points, at least 1. */
  n: number;
  /** Dimension, at least 1. */
  d: number;
}

/**
 * Probability that 0 lies in the hull of n independent samples of a continuous law symmetric about 0.
 *
 * $1 - 2^{-(n-1)} \sum_{k<d} \binom{n-1}{k}$
 *
 * @throws `ArgumentError` when n or d is not an integer of at least 1.
 * @see Wendel (1962), A problem in geometric probability.
 */
export function wendelProbability({ n, d }: PointCount): number {
  checkInteger("wendelProbability", "n", n, { min: 1 });
  checkInteger("wendelProbability", "d", d, { min: 1 });
  if (n <= d) return 0;
  const term = (k: number) => logBinomial(n - 1, k) - (n - 1) * Math.LN2;
  // The shorter side; both are sums of positive terms.
  if (2 * d < n) {
    const below = Array.from({ length: d }, (_, k) => term(k));
    return -Math.expm1(logSum(below));
  }
  return Math.exp(logSum(Array.from({ length: n - d }, (_, k) => term(d + k))));
}

/**
 * Probability that 0 lies in the hull of the first n positions of a random walk with symmetric steps in general position.
 *
 * $2\,(P(S = d+1) + P(S = d+3) + \dots)$ with S a sum of independent trials of probability 1/(2i), i = 1 … n.
 *
 * @throws `ArgumentError` when n or d is not an integer of at least 1.
 * @see Kabluchko, Vysotsky, Zaporozhets (2017), Convex hulls of random walks: expected number of faces and face
 * probabilities.
 */
export function randomWalkHullProbability({ n, d }: PointCount): number {
  checkInteger("randomWalkHullProbability", "n", n, { min: 1 });
  checkInteger("randomWalkHullProbability", "d", d, { min: 1 });
  // The mean of S is ½ log n: 300 above d nothing is left.
  const size = Math.min(n, d + 300) + 1;
  const law = new Float64Array(size);
  law[0] = 1;
  for (let i = 1; i <= n; i++) {
    const p = 1 / (2 * i);
    for (let k = Math.min(i, size - 1); k >= 1; k--) law[k] = law[k]! * (1 - p) + law[k - 1]! * p;
    law[0] = law[0]! * (1 - p);
  }
  let inside = 0;
  for (let k = d + 1; k < size; k += 2) inside += 2 * law[k]!;
  return Math.min(1, inside);
}

/**
 * Probability that one of d + 2 uniform samples of the d-ball, a given one, lies in the simplex of the others.
 *
 * $2^{-d} \binom{d+1}{(d+1)/2}^{d+1} / \binom{(d+1)^2}{(d+1)^2/2}$
 *
 * @throws `ArgumentError` when d is not an integer of at least 1.
 * @see Kingman (1969), Random secants of a convex body.
 */
export function kingman(d: number): number {
  checkInteger("kingman", "d", d, { min: 1 });
  const central = (x: number) => logGamma(x + 1) - 2 * logGamma(x / 2 + 1);
  return Math.exp(-d * Math.LN2 + (d + 1) * central(d + 1) - central((d + 1) ** 2));
}

/** Arguments of {@link valtr}. */
export interface ValtrOptions {
  /** Number of points, at least 1. */
  n: number;
  /** Where they are drawn. */
  body: "parallelogram" | "triangle";
}

/**
 * Probability that n uniform samples of a parallelogram or a triangle are in convex position.
 *
 * $\left(\binom{2n-2}{n-1}/n!\right)^2$ and $2^n (3n-3)!/((n-1)!^3 (2n)!)$
 *
 * @throws `ArgumentError` when n is not an integer of at least 1 or the body is another.
 * @see Valtr (1995, 1996); theorem 2 of the paper.
 */
export function valtr({ n, body }: ValtrOptions): number {
  checkInteger("valtr", "n", n, { min: 1 });
  checkChoice("valtr", "body", body, ["parallelogram", "triangle"] as const);
  if (body === "parallelogram") return Math.exp(2 * (logBinomial(2 * n - 2, n - 1) - logGamma(n + 1)));
  return Math.exp(n * Math.LN2 + logGamma(3 * n - 2) - 3 * logGamma(n) - logGamma(2 * n + 1));
}

/**
 * The number of samples 2^{d/2}/d at which, as printed, a fresh ball sample begins to be in the hull.
 *
 * @remarks The threshold of Bárány and Füredi is about all points being in convex position, and carries a polynomial
 * factor: see `convexPositionThreshold`. A fresh sample is inside with probability ½ only at far larger numbers.
 * @throws `ArgumentError` when d is not an integer of at least 1.
 * @see Bárány, Füredi (1988), On the shape of the convex hull of random points; theorem 1 of the paper.
 */
export function baranyFurediRate(d: number): number {
  checkInteger("baranyFurediRate", "d", d, { min: 1 });
  return 2 ** (d / 2) / d;
}
