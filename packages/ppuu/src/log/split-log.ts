import { ArgumentError, checkInteger } from "@lab/core";
import { Generator } from "@lab/core/random";
import { selectScenes, type TrafficLog } from "./traffic-log.js";

/** Options of {@link splitLog}. */
export interface SplitLogOptions {
  /** Seed of the order in which scenes or cars are dealt. @defaultValue in the order of the log */
  seed?: number;
}

/**
 * Splits a log into parts that share nothing: by scene, or by controlled car when there is one scene.
 *
 * @param log - The log.
 * @param fractions - Share of each part; at most 1 together.
 * @param options - See {@link SplitLogOptions}.
 * @returns One log for each fraction. Split by car, each part holds all the traffic but names the cars of its part in
 *   `cars`, which episodes and training windows then keep to.
 * @throws {@link ArgumentError} when a fraction is out of range or a part would be empty.
 */
export function splitLog(
  log: TrafficLog,
  fractions: readonly number[],
  options: SplitLogOptions = {},
): TrafficLog[] {
  const total = fractions.reduce((sum, fraction) => sum + fraction, 0);
  if (fractions.length === 0 || fractions.some((f) => !(f > 0)) || total > 1 + 1e-9) {
    throw new ArgumentError(
      `splitLog: fractions is [${fractions.join(",")}]; numbers above 0 with a sum of at most 1 were expected`,
      { argument: "fractions", value: fractions },
    );
  }
  const [, scenes, cars] = log.shape;
  const isByCar = scenes === 1;
  const items = isByCar ? (log.cars ?? Array.from({ length: cars }, (_, i) => i)) : [...Array(scenes).keys()];
  const order =
    options.seed === undefined
      ? items
      : Array.from(
          new Generator(checkInteger("splitLog", "seed", options.seed, { min: 0 })).permutation(items.length),
          (i) => items[i]!,
        );
  let share = 0;
  return fractions.map((fraction) => {
    const from = Math.round(share * items.length);
    share += fraction;
    const part = order.slice(from, Math.round(share * items.length)).sort((a, b) => a - b);
    if (part.length === 0) {
      throw new ArgumentError(
        `splitLog: fraction ${fraction} of ${items.length} ${isByCar ? "cars" : "scenes"} is none; a larger log or fraction was expected`,
        { argument: "fractions", value: fraction },
      );
    }
    return isByCar ? { ...log, cars: part } : selectScenes(log, part);
  });
}
