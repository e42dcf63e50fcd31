/** A task as it lies in the queue. */
export interface QueuedTask {
  /** Name of the sweep. */
  name: string;
  /** Key within the sweep. */
  key: string;
  /** Handler as the coordinator names it; workers resolve it for themselves. */
  handler: string;
  /** The input. */
  input: unknown;
}

/** Queue that is used when none is named. */
export const DEFAULT_QUEUE = "lab";

/** Workers that may vanish over one task before it counts as failed. */
export const MAX_LOST_WORKERS = 2;
