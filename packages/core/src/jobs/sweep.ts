/** What became of a task. */
export type Outcome = { key: string; output: unknown } | { key: string; error: unknown };

/** A task as runners get it; everything in it is plain JSON. */
export interface SweepTask {
  /** Key within the sweep. */
  key: string;
  /** The input. */
  input: unknown;
}

/** What all runners need to know. */
export interface Sweep {
  /** Name of the sweep. */
  name: string;
  /** Handler as the caller named it. */
  handler: string;
  /** Module from which this process finds the handler. */
  from: string | undefined;
  /** The tasks that are not done yet. */
  tasks: readonly SweepTask[];
  /** How often a task is tried again. */
  retries: number;
  /** Receives each outcome once. */
  emit: (outcome: Outcome) => void;
  /** Ends the sweep. */
  signal: AbortSignal;
}
