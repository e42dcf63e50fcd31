import { checkFinite, checkInteger, checkNumber } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import type { Generator } from "../random/index.js";
import { normalQuantile } from "./normal-quantile.js";

/** An estimate with an interval around it. */
export interface Interval {
  /** The estimate itself. */
  estimate: number;
  /** Lower end. */
  low: number;
  /** Upper end. */
  high: number;
}

/** Options of {@link wilsonInterval}. */
export interface WilsonOptions {
  /** Probability with which the interval is meant to cover the truth. @defaultValue 0.95 */
  confidence?: number;
}

/**
 * Interval for a probability from successes in independent trials; good also for few trials and rates near 0 or 1.
 *
 * @param successes - Number of successes.
 * @param trials - Number of trials, at least 1.
 * @param options - See {@link WilsonOptions}.
 * @returns The observed rate and the ends of the interval, all in [0, 1].
 * @throws {@link ArgumentError} when `successes` is not a whole number from 0 to `trials`.
 * @see Wilson (1927), Probable inference, the law of succession, and statistical inference.
 * @example
 * ```ts
 * import { wilsonInterval } from "@lab/core/metrics";
 *
 * const { low, high } = wilsonInterval(0, 1000);
 * [low, Math.round(high * 1e5) / 1e5]; // => [0, 0.00383]
 * ```
 */
export function wilsonInterval(successes: number, trials: number, options: WilsonOptions = {}): Interval {
  checkInteger("wilsonInterval", "trials", trials, { min: 1 });
  checkInteger("wilsonInterval", "successes", successes, { min: 0, max: trials });
  const confidence = checkNumber("wilsonInterval", "confidence", options.confidence ?? 0.95, {
    above: 0,
    below: 1,
  });
  const z = normalQuantile((1 + confidence) / 2);
  const rate = successes / trials;
  const scale = 1 / (1 + (z * z) / trials);
  const centre = scale * (rate + (z * z) / (2 * trials));
  const half = scale * z * Math.sqrt((rate * (1 - rate)) / trials + (z * z) / (4 * trials * trials));
  return {
    estimate: rate,
    low: successes === 0 ? 0 : Math.max(0, centre - half),
    high: successes === trials ? 1 : Math.min(1, centre + half),
  };
}

/** Options of {@link bootstrapInterval}. */
export interface BootstrapOptions {
  /** Source of the resamples. */
  generator: Generator;
  /** What is estimated from a sample. @defaultValue the mean */
  statistic?: (sample: Float64Array) => number;
  /** Probability with which the interval is meant to cover the truth. @defaultValue 0.95 */
  confidence?: number;
  /** Number of resamples. @defaultValue 2000 */
  resamples?: number;
}

/**
 * Percentile bootstrap interval of a statistic.
 *
 * @param values - The sample, at least one value.
 * @param options - See {@link BootstrapOptions}.
 * @returns The statistic of the sample and the interval.
 * @throws {@link ArgumentError} when there are no values, or one is not finite.
 * @remarks Ends are quantiles of the resampled statistic, interpolated linearly. Cost: `resamples` evaluations.
 * @see Efron (1979), Bootstrap methods: another look at the jackknife.
 */
export function bootstrapInterval(values: ArrayLike<number>, options: BootstrapOptions): Interval {
  const { generator, statistic = mean } = options;
  checkFinite("bootstrapInterval", "values", values);
  if (values.length === 0) {
    throw new ArgumentError("bootstrapInterval: values is empty; at least one value was expected", {
      argument: "values",
      value: values,
    });
  }
  const range = { above: 0, below: 1 };
  const confidence = checkNumber("bootstrapInterval", "confidence", options.confidence ?? 0.95, range);
  const resamples = checkInteger("bootstrapInterval", "resamples", options.resamples ?? 2000, { min: 1 });
  const sample = Float64Array.from(values);
  const drawn = new Float64Array(sample.length);
  const statistics = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    const uniforms = generator.float64(sample.length);
    for (let i = 0; i < drawn.length; i++) drawn[i] = sample[Math.floor(uniforms[i]! * sample.length)]!;
    statistics[resample] = statistic(drawn);
  }
  statistics.sort();
  return {
    estimate: statistic(sample),
    low: quantile(statistics, (1 - confidence) / 2),
    high: quantile(statistics, (1 + confidence) / 2),
  };
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Linear interpolation between order statistics. */
function quantile(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}
