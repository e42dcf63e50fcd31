import { checkNumber } from "../../check/index.js";
import type { Schedule } from "./schedule.js";

/**
 * The same learning rate in every step.
 *
 * @param value - The learning rate, at least 0.
 * @example
 * ```ts
 * import { schedules } from "@lab/core/optim";
 *
 * schedules.constant(0.1)(1000); // => 0.1
 * ```
 */
export function constant(value: number): Schedule {
  checkNumber("constant", "value", value, { min: 0 });
  return () => value;
}
