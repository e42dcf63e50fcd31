import { checkInteger, checkNumber } from "../../check/index.js";
import { ArgumentError } from "../../errors/index.js";
import type { Schedule } from "./schedule.js";

/** Options of {@link warmup}. */
export interface WarmupOptions {
  /** Steps of the ascent, at least 0. */
  steps: number;
  /** What follows; it sees its own step 0 when the ascent is over. */
  after: Schedule;
  /** Share of the rate with which the ascent begins, from 0 to 1. @defaultValue 0 */
  from?: number;
}

/**
 * A straight ascent to the first rate of another schedule, then that schedule.
 *
 * @param options - See {@link WarmupOptions}.
 * @see Goyal et al. (2017), Accurate, large minibatch SGD, section 2.2.
 * @example
 * ```ts
 * import { schedules } from "@lab/core/optim";
 *
 * const schedule = schedules.warmup({ steps: 2, after: schedules.constant(1) });
 * [0, 1, 2, 3].map(schedule); // => [0, 0.5, 1, 1]
 * ```
 */
export function warmup(options: WarmupOptions): Schedule {
  const steps = checkInteger("warmup", "steps", options.steps, { min: 0 });
  const from = checkNumber("warmup", "from", options.from ?? 0, { min: 0, max: 1 });
  const { after } = options;
  if (typeof after !== "function") {
    throw new ArgumentError(`warmup: after is ${String(after)}; a schedule was expected`, {
      argument: "after",
      value: after,
    });
  }
  return (step) => (step < steps ? after(0) * (from + ((1 - from) * step) / steps) : after(step - steps));
}
