/** Something that happened during {@link fit}. */
export interface Event {
  /**
   * `step`: an update was made. `epoch`: `batches` came to its end and starts anew. `evaluate`: `evaluate` has answered.
   * `checkpoint`: the state is on disk. `resume`: the run goes on from a checkpoint. `stop`: nothing more follows.
   */
  type: "step" | "epoch" | "evaluate" | "checkpoint" | "resume" | "stop";
  /** Updates made so far, from 1 after the first. */
  step: number;
  /** Figures by name, such as `loss`; empty where there are none. */
  scalars: Record<string, number>;
}

/** Figures of one moment of a run. */
export interface HistoryRow {
  /** Updates made so far. */
  step: number;
  /** Figures by name. */
  scalars: Record<string, number>;
}

/** What {@link fit} did; a plain object for JSON. */
export interface History {
  /** Updates made in all, those before a resume included. */
  steps: number;
  /** One row for each update: `loss`, `learningRate` where there is a schedule, and what `step` named. */
  rows: HistoryRow[];
  /** One row for each answer of `evaluate`. */
  evaluations: HistoryRow[];
  /** Why it ended: all steps made, or no progress for as long as `stopping` allows. */
  reason: "steps" | "stopping";
  /** Updates that came from a checkpoint; 0 for a run from the start. */
  resumedFrom: number;
}
