import { ArgumentError } from "../errors/index.js";
import type { Stopping } from "./options.js";

/** Counts evaluations without improvement. */
export class StoppingRule {
  best: number | null = null;
  stale = 0;
  private readonly options: Stopping;

  constructor(options: Stopping) {
    this.options = options;
  }

  restore(best: number | null, stale: number): void {
    this.best = best;
    this.stale = stale;
  }

  /** Takes in an evaluation; true when patience is at its end. */
  isExhausted(scalars: Record<string, number>): boolean {
    const { metric, patience, mode = "min", minDelta = 0 } = this.options;
    const value = scalars[metric];
    if (value === undefined) {
      throw new ArgumentError(
        `fit: stopping.metric is "${metric}"; one of what evaluate answers, ${Object.keys(scalars).join(", ")}, was expected`,
        { argument: "stopping.metric", value: metric },
      );
    }
    const gain =
      this.best === null ? Number.POSITIVE_INFINITY : mode === "min" ? this.best - value : value - this.best;
    if (gain > minDelta) {
      this.best = value;
      this.stale = 0;
    } else {
      this.stale++;
    }
    return this.stale >= patience;
  }
}
