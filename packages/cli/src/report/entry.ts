import type { Mode, Summary } from "@lab/core/experiment";
import type { RegisteredExperiment } from "../discovery/registry.js";
import type { StoredRun } from "../experiments/store.js";

/** One experiment in a report. */
export interface Entry {
  registered: RegisteredExperiment;
  mode: Mode;
  runs: StoredRun[];
  summary?: Summary;
  /** Why it did not run. */
  failure?: string;
}

/** Judges stored runs. */
export function entryOf(registered: RegisteredExperiment, mode: Mode, runs: StoredRun[]): Entry {
  return { registered, mode, runs, summary: registered.experiment.summarise(runs, mode) };
}
