import { checkInteger, checkNumber } from "../../check/index.js";
import type { Schedule } from "./schedule.js";

/** Options of {@link step}. */
export interface StepOptions {
  /** Learning rate of step 0. */
  base: number;
  /** Steps at which the rate drops: a list, or a number for "every so many steps". */
  at: readonly number[] | number;
  /** Factor of a drop. @defaultValue 0.1 */
  factor?: number;
}

/**
 * A learning rate that drops by a factor at given steps.
 *
 * @param options - See {@link StepOptions}.
 * @example
 * ```ts
 * import { schedules } from "@lab/core/optim";
 *
 * const schedule = schedules.step({ base: 1, at: [10, 20], factor: 0.5 });
 * [9, 10, 20].map(schedule); // => [1, 0.5, 0.25]
 * ```
 */
export function step(options: StepOptions): Schedule {
  const base = checkNumber("step", "base", options.base, { min: 0 });
  const factor = checkNumber("step", "factor", options.factor ?? 0.1, { above: 0 });
  const { at } = options;
  if (typeof at === "number") {
    checkInteger("step", "at", at, { min: 1 });
    return (t) => base * factor ** Math.floor(t / at);
  }
  for (const [i, drop] of at.entries()) checkInteger("step", `at[${i}]`, drop, { min: 0 });
  return (t) => base * factor ** at.filter((drop) => drop <= t).length;
}
