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
