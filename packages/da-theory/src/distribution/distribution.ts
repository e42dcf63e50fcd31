import { ArgumentError, checkNumber } from "@lab/core";

/** Law of a parameter, as plain JSON data. */
export type Distribution =
  | {
      /** Equal density between two ends. */
      kind: "uniform";
      /** Lower end. */
      low: number;
      /** Upper end. */
      high: number;
    }
  | {
      /** Gaussian. */
      kind: "normal";
      /** Mean. */
      mean: number;
      /** Standard deviation. */
      sd: number;
    }
  | {
      /** Density that rises from `low` to `mode` and falls to `high`. */
      kind: "triangular";
      /** Lower end. */
      low: number;
      /** Where the density is largest. */
      mode: number;
      /** Upper end. */
      high: number;
    }
  | {
      /** Finitely many values. */
      kind: "discrete";
      /** The values. */
      values: readonly number[];
      /** Their probabilities, summing to 1. */
      probabilities: readonly number[];
    }
  | {
      /** A single value. */
      kind: "point";
      /** The value. */
      value: number;
    };

/**
 * Uniform law on [low, high]; a point when both agree.
 *
 * @param low - Lower end.
 * @param high - Upper end, at least `low`.
 * @returns Plain data.
 * @throws {@link ArgumentError} when an end is not finite or `low` exceeds `high`.
 */
export function uniform(low: number, high: number): Distribution {
  checkNumber("uniform", "low", low);
  checkNumber("uniform", "high", high);
  if (low > high) {
    throw new ArgumentError(`uniform: low is ${low} and high is ${high}; low must not exceed high`, {
      argument: "low",
      value: low,
    });
  }
  return low === high ? { kind: "point", value: low } : { kind: "uniform", low, high };
}

/**
 * Normal law; a point when `sd` is 0.
 *
 * @param mean - Mean.
 * @param sd - Standard deviation, at least 0.
 * @returns Plain data.
 * @throws {@link ArgumentError} when a number is not finite or `sd` is negative.
 */
export function normal(mean: number, sd: number): Distribution {
  checkNumber("normal", "mean", mean);
  checkNumber("normal", "sd", sd, { min: 0 });
  return sd === 0 ? { kind: "point", value: mean } : { kind: "normal", mean, sd };
}

/**
 * Triangular law: the density rises from `low` to `mode` and falls to `high`; a point when all three agree.
 *
 * @param low - Lower end.
 * @param mode - Where the density is largest, between the ends.
 * @param high - Upper end.
 * @returns Plain data.
 * @throws {@link ArgumentError} when the numbers are not in order.
 */
export function triangular(low: number, mode: number, high: number): Distribution {
  checkNumber("triangular", "low", low);
  checkNumber("triangular", "mode", mode);
  checkNumber("triangular", "high", high);
  if (low > mode || mode > high) {
    throw new ArgumentError(
      `triangular: low is ${low}, mode is ${mode} and high is ${high}; they must be in this order`,
      { argument: "mode", value: mode },
    );
  }
  return low === high ? { kind: "point", value: low } : { kind: "triangular", low, mode, high };
}

/**
 * Finitely many values.
 *
 * @param values - The values, at least one.
 * @param probabilities - One for each value, not negative, summing to 1.
 * @returns Plain data; values of probability 0 are left out.
 * @throws {@link ArgumentError} when the numbers do not fit.
 */
export function discrete(values: readonly number[], probabilities: readonly number[]): Distribution {
  if (values.length !== probabilities.length || values.length === 0) {
    throw new ArgumentError(
      `discrete: values holds ${values.length} and probabilities holds ${probabilities.length}; as many of both, at least one, were expected`,
      { argument: "probabilities", value: probabilities },
    );
  }
  for (const [i, value] of values.entries()) checkNumber("discrete", `values[${i}]`, value);
  for (const [i, p] of probabilities.entries()) checkNumber("discrete", `probabilities[${i}]`, p, { min: 0 });
  const total = probabilities.reduce((sum, p) => sum + p, 0);
  if (Math.abs(total - 1) > 1e-9) {
    throw new ArgumentError(`discrete: probabilities sum to ${total}; they must sum to 1`, {
      argument: "probabilities",
      value: probabilities,
    });
  }
  const kept = values.map((value, i) => [value, probabilities[i]!] as const).filter(([, p]) => p > 0);
  return kept.length === 1
    ? { kind: "point", value: kept[0]![0] }
    : { kind: "discrete", values: kept.map(([value]) => value), probabilities: kept.map(([, p]) => p) };
}

/**
 * A single value.
 *
 * @param value - The value.
 * @returns Plain data.
 * @throws {@link ArgumentError} when it is not finite.
 */
export function point(value: number): Distribution {
  return { kind: "point", value: checkNumber("point", "value", value) };
}
