import { checkInteger } from "../../check/index.js";
import { ArgumentError } from "../../errors/index.js";
import type { Schedule } from "./schedule.js";

/** A schedule and how long it holds. */
export interface ChainLink {
  /** The schedule; it sees its own step 0 when its turn comes. */
  schedule: Schedule;
  /** Steps for which it holds, at least 1; the last one holds for ever. */
  steps: number;
}

/**
 * Schedules one after another.
 *
 * @param links - The schedules in order, at least one.
 * @example
 * ```ts
 * import { schedules } from "@lab/core/optim";
 *
 * const schedule = schedules.chain([
 *   { schedule: schedules.constant(1), steps: 10 },
 *   { schedule: schedules.cosine({ base: 0.5, steps: 10 }), steps: 10 },
 * ]);
 * [9, 10, 20].map(schedule); // => [1, 0.5, 0]
 * ```
 */
export function chain(links: readonly ChainLink[]): Schedule {
  if (links.length === 0) {
    throw new ArgumentError("chain: links is empty; at least one schedule was expected", {
      argument: "links",
      value: links,
    });
  }
  for (const [i, { steps }] of links.entries()) checkInteger("chain", `links[${i}].steps`, steps, { min: 1 });
  return (step) => {
    let left = step;
    for (const { schedule, steps } of links.slice(0, -1)) {
      if (left < steps) return schedule(left);
      left -= steps;
    }
    return links.at(-1)!.schedule(left);
  };
}
