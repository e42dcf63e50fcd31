import { checkChoice, checkInteger, checkNumber } from "../../check/index.js";
import type { Schedule } from "./schedule.js";

/** Options of {@link cyclical}. */
export interface CyclicalOptions {
  /** Largest learning rate. */
  base: number;
  /** Steps of a cycle, at least 1. */
  period: number;
  /** Smallest learning rate. @defaultValue 0 */
  final?: number;
  /**
   * `cosine` falls from `base` by half a cosine and jumps back; `triangular` rises from `final` to `base` in the first
   * half of the cycle and falls in the second.
   * @defaultValue `"cosine"`
   */
  shape?: "cosine" | "triangular";
}

/**
 * A learning rate that repeats itself.
 *
 * @param options - See {@link CyclicalOptions}.
 * @see Loshchilov, Hutter (2017), SGDR, eq. (5); Smith (2017), Cyclical learning rates, section 3.1 (triangular).
 * @see Zhang et al. (2020), Cyclical stochastic gradient MCMC, eq. (1), which is the shape `cosine`.
 * @example
 * ```ts
 * import { schedules } from "@lab/core/optim";
 *
 * const schedule = schedules.cyclical({ base: 1, period: 4, shape: "triangular" });
 * [0, 1, 2, 3, 4].map(schedule); // => [0, 0.5, 1, 0.5, 0]
 * ```
 */
export function cyclical(options: CyclicalOptions): Schedule {
  const base = checkNumber("cyclical", "base", options.base, { min: 0 });
  const period = checkInteger("cyclical", "period", options.period, { min: 1 });
  const final = checkNumber("cyclical", "final", options.final ?? 0, { min: 0 });
  const shape = checkChoice("cyclical", "shape", options.shape ?? "cosine", ["cosine", "triangular"]);
  return (step) => {
    const phase = (step % period) / period;
    const share = shape === "cosine" ? (1 + Math.cos(Math.PI * phase)) / 2 : 1 - Math.abs(2 * phase - 1);
    return final + (base - final) * share;
  };
}
