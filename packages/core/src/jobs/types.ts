import type { Progress } from "../progress/index.js";

/** Who runs the tasks: this process, a pool of threads, or workers on a Redis queue. */
export type Runner =
  | "inline"
  | `threads:${number}`
  | {
      /** Address of the server, `redis://` or `rediss://`. */
      redis: string;
      /** Name of the queue. @defaultValue `"lab"` */
      queue?: string;
    };

/** One task. */
export interface TaskInput<I> {
  /** Identifies the task within the sweep; a result that is stored under it is not computed again. */
  key: string;
  /** What the handler receives; plain JSON. */
  input: I;
}

/** The result of one task. */
export interface TaskResult<O> {
  /** Key of the task. */
  key: string;
  /** What the handler returned; plain JSON. */
  output: O;
}

/** What a handler learns about its task beside the input. */
export interface TaskContext {
  /** Name of the sweep. */
  name: string;
  /** Key of the task. */
  key: string;
  /** How often it has been tried before, from 0. */
  attempt: number;
  /** Stops the task. On a thread it never fires: the thread is ended instead. */
  signal: AbortSignal;
}

/** The default export of a handler module. */
export type TaskHandler<I, O> = (input: I, context: TaskContext) => O | Promise<O>;

/** Options of `mapTasks`. */
export interface MapTasksOptions<I> {
  /** Name of the sweep; the same key under another name is another task. */
  name: string;
  /**
   * Module whose default export is the {@link TaskHandler}: a file URL, a path relative to the working directory, or a
   * package's entry point such as `@lab/hull/worker`. On threads and on other machines it must be JavaScript.
   */
  handler: string;
  /**
   * `import.meta.url` of the module that names the handler: paths are then relative to it, and packages are those that it
   * can import, wherever the program was started. Other machines find the handler for themselves.
   */
  from?: string;
  /** The tasks; keys must differ. */
  inputs: readonly TaskInput<I>[];
  /**
   * Who runs them. Threads stay up for a minute after a sweep and serve the next one, with the modules that handlers have
   * imported; a process that has nothing else to do ends without waiting for them. @defaultValue `"inline"`
   */
  runner?: Runner;
  /** Folder that receives each result as one file, as soon as it is there, and from which a later run resumes. */
  store?: string;
  /** How often a task that fails is tried again, after a growing pause. @defaultValue 2 */
  retries?: number;
  /** Stops the sweep; results stored so far remain. */
  signal?: AbortSignal | undefined;
  /** Receives the number of finished tasks, those resumed from the store included. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** Options of `serveTasks`. */
export interface ServeTasksOptions {
  /** Address of the server, `redis://` or `rediss://`. */
  redis: string;
  /** Name of the queue. @defaultValue `"lab"` */
  queue?: string;
  /** Handlers that this worker runs, as the coordinator names them; everything else is refused. */
  allow: readonly string[];
  /** Tasks at the same time. @defaultValue 1 */
  concurrency?: number;
  /**
   * Runs handlers on threads, so that one that computes for long does not keep this worker from renewing its lease.
   * Turn it off for a backend that threads cannot use. @defaultValue true
   */
  threads?: boolean;
  /** Milliseconds after which a task of a worker that vanished goes to another one. @defaultValue 30000 */
  leaseMs?: number;
  /** Stops the worker once its current tasks are done. */
  signal?: AbortSignal | undefined;
  /** Receives the number of tasks that this worker has finished. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Receives what a person should know, such as a lost connection; it is tried again by itself. */
  onWarning?: ((message: string) => void) | undefined;
}
