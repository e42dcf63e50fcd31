import { checkInteger, checkNumber } from "../../check/index.js";
import type { Schedule } from "./schedule.js";

/** Options of {@link cosine}. */
export interface CosineOptions {
  /** Learning rate of step 0. */
  base: number;
  /** Steps until the end of the descent, at least 1. */
  steps: number;
  /** Learning rate from step `steps` on. @defaultValue 0 */
  final?: number;
}

/**
 * Half a cosine from `base` down to `final`.
 *
 * $\eta_t = \eta_\infty + \tfrac12 (\eta_0 - \eta_\infty)(1 + \cos(\pi t / T))$
 *
 * @param options - See {@link CosineOptions}.
 * @see Loshchilov, Hutter (2017), SGDR, eq. (5), without restarts.
 * @example
 * ```ts
 * import { schedules } from "@lab/core/optim";
 *
 * const schedule = schedules.cosine({ base: 1, steps: 10 });
 * [0, 10, 20].map(schedule); // => [1, 0, 0]
 * ```
 */
export function cosine(options: CosineOptions): Schedule {
  const base = checkNumber("cosine", "base", options.base, { min: 0 });
  const steps = checkInteger("cosine", "steps", options.steps, { min: 1 });
  const final = checkNumber("cosine", "final", options.final ?? 0, { min: 0 });
  return (step) => {
    if (step >= steps) return final;
    return final + ((base - final) * (1 + Math.cos((Math.PI * step) / steps))) / 2;
  };
}
