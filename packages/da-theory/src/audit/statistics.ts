import { ArgumentError, checkInteger, checkNumber } from "@lab/core";
import { betaQuantile, incompleteBeta, logGamma, normalInverse, studentP } from "./special.js";

/**
 * Exact interval of a binomial share (Clopper and Pearson), from Beta quantiles.
 *
 * @param k - Successes.
 * @param n - Trials.
 * @param confidence - Coverage.
 * @returns Lower and upper end.
 */
export function clopperPearson(k: number, n: number, confidence = 0.95): [number, number] {
  checkInteger("clopperPearson", "n", n, { min: 1 });
  checkInteger("clopperPearson", "k", k, { min: 0, max: n });
  const tail = (1 - confidence) / 2;
  return [k === 0 ? 0 : betaQuantile(k, n - k + 1, tail), k === n ? 1 : betaQuantile(k + 1, n - k, 1 - tail)];
}

/**
 * Exact McNemar test: two-sided binomial p value of the discordant pairs.
 *
 * @param b - Pairs that only the first model gets right.
 * @param c - Pairs that only the second gets right.
 * @param options - `midP` counts the observed value half.
 * @returns The p value.
 */
export function mcnemar(b: number, c: number, options: { midP?: boolean } = {}): number {
  checkInteger("mcnemar", "b", b, { min: 0 });
  checkInteger("mcnemar", "c", c, { min: 0 });
  const n = b + c;
  const k = Math.min(b, c);
  if (n === 0) return 1;
  const below = k === n ? 1 : 1 - incompleteBeta(k + 1, n - k, 0.5);
  const at = Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) - n * Math.LN2);
  return Math.min(1, 2 * below - (options.midP ? at : 0));
}

/** How p values are adjusted for many classes. */
export type Correction = "holm" | "bh" | "by" | "bonferroni" | "none";

/**
 * Adjusts p values for multiplicity; `NaN` entries are kept and not counted.
 *
 * @param p - The p values.
 * @param method - Holm or Bonferroni (family-wise), Benjamini-Hochberg or Benjamini-Yekutieli (false discoveries).
 * @returns Adjusted values in the order given.
 */
export function adjustPValues(p: readonly number[], method: Correction): number[] {
  const out = p.slice();
  if (method === "none") return out;
  const order = p.map((value, index) => ({ value, index })).filter((e) => !Number.isNaN(e.value));
  order.sort((x, y) => x.value - y.value);
  const m = order.length;
  if (method === "bonferroni" || method === "holm") {
    let highest = 0;
    order.forEach(({ value, index }, i) => {
      const scaled = value * (method === "holm" ? m - i : m);
      highest = method === "holm" ? Math.max(highest, scaled) : scaled;
      out[index] = Math.min(1, highest);
    });
    return out;
  }
  let harmonic = 1;
  if (method === "by") for (let i = 2; i <= m; i++) harmonic += 1 / i;
  let lowest = 1;
  for (let i = m - 1; i >= 0; i--) {
    const entry = order[i] as { value: number; index: number };
    lowest = Math.min(lowest, (entry.value * m * harmonic) / (i + 1));
    out[entry.index] = lowest;
  }
  return out;
}

/** Outcome of a test on run-level differences. */
export interface TestResult {
  /** Value of the statistic. */
  statistic: number;
  /** Two-sided p value. */
  p: number;
}

function meanAndVariance(x: readonly number[]): { mean: number; variance: number } {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return { mean, variance: x.reduce((a, b) => a + (b - mean) ** 2, 0) / (x.length - 1) };
}

function tResult(difference: number, standardError: number, df: number): TestResult {
  if (standardError < 1e-15) return { statistic: Number.NaN, p: Math.abs(difference) < 1e-15 ? 1 : 0 };
  const statistic = difference / standardError;
  return { statistic, p: studentP(statistic, df) };
}

/** Paired t test of differences, one for each seed; at least two. */
export function pairedTTest(differences: readonly number[]): TestResult {
  checkInteger("pairedTTest", "differences.length", differences.length, { min: 2 });
  const { mean, variance } = meanAndVariance(differences);
  return tResult(mean, Math.sqrt(variance / differences.length), differences.length - 1);
}

/** Welch's t test of two groups of runs; at least two in each. */
export function welchTest(a: readonly number[], b: readonly number[]): TestResult {
  checkInteger("welchTest", "a.length", a.length, { min: 2 });
  checkInteger("welchTest", "b.length", b.length, { min: 2 });
  const one = meanAndVariance(a);
  const two = meanAndVariance(b);
  const u = one.variance / a.length;
  const v = two.variance / b.length;
  const df = (u + v) ** 2 / (u ** 2 / (a.length - 1) + v ** 2 / (b.length - 1));
  return tResult(one.mean - two.mean, Math.sqrt(u + v), df);
}

/** Outcome of {@link signFlipTest}. */
export interface SignFlipResult extends TestResult {
  /** The smallest p value that this many runs can reach, `2 / 2^R`. */
  minimumP: number;
}

/**
 * Exact sign-flip test over runs. Numbers test a mean of zero; rows (runs by classes) test that all classes share one
 * effect: residual `e_rc = d_rc - mean_c d_rc`, statistic `Σ_c (mean_r e_rc)²`.
 *
 * @param d - Differences of the runs, at most 20 runs.
 * @returns Statistic, p value and the least p value attainable.
 */
export function signFlipTest(d: readonly number[] | readonly (readonly number[])[]): SignFlipResult {
  checkInteger("signFlipTest", "d.length", d.length, { min: 1, max: 20 });
  const rows = d.map((row) => {
    if (typeof row === "number") return [row];
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    return row.map((v) => v - mean);
  });
  const runs = rows.length;
  const width = (rows[0] as number[]).length;
  if (rows.some((row) => row.length !== width))
    throw new ArgumentError("signFlipTest: d has rows of different lengths; every run needs all classes", {
      argument: "d",
      value: rows.map((row) => row.length),
    });
  const statisticOf = (mask: number): number => {
    let sum = 0;
    for (let c = 0; c < width; c++) {
      let mean = 0;
      rows.forEach((row, r) => {
        mean += (mask >> r) & 1 ? -(row[c] as number) : (row[c] as number);
      });
      sum += (mean / runs) ** 2;
    }
    return sum;
  };
  const statistic = statisticOf(0);
  let reached = 0;
  for (let mask = 0; mask < 2 ** runs; mask++) if (statisticOf(mask) >= statistic * (1 - 1e-12)) reached++;
  return { statistic, p: reached / 2 ** runs, minimumP: Math.min(1, 2 / 2 ** runs) };
}

/** What {@link runsNeeded} plans for. */
export interface RunsNeededOptions {
  /** Effect on a class to be found, as a share. */
  effect: number;
  /** Standard deviation of a class accuracy over runs. */
  runSd: number;
  /** Number of classes tested. */
  numClasses: number;
  /** Family-wise error. @defaultValue 0.05 */
  alpha?: number;
  /** Chance of finding the effect. @defaultValue 0.8 */
  power?: number;
}

/** Runs for each setting: `⌈2 (z_{1-α/2m} + z_power)² σ²/δ² + z²_{1-α/2m}/4⌉`. */
export function runsNeeded(options: RunsNeededOptions): number {
  const { effect, runSd, numClasses, alpha = 0.05, power = 0.8 } = options;
  checkNumber("runsNeeded", "effect", effect, { above: 0 });
  checkNumber("runsNeeded", "runSd", runSd, { min: 0 });
  checkInteger("runsNeeded", "numClasses", numClasses, { min: 1 });
  const z = normalInverse(1 - alpha / (2 * numClasses));
  return Math.ceil((2 * (z + normalInverse(power)) ** 2 * runSd ** 2) / effect ** 2 + z ** 2 / 4);
}
