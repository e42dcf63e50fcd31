import { Tinypool } from "tinypool";

/** What a thread needs to know of a task. */
export interface ThreadTask {
  /** Address of the handler module. */
  href: string;
  /** The input as JSON. */
  input: string;
  /** Name, key and attempt, for the handler's context. */
  context: { name: string; key: string; attempt: number };
}

// The program of a thread. It is small and in plain JavaScript, so that it needs no file of its own beside the bundle.
const PROGRAM = `
process.exit = (code) => { throw new Error("the handler called process.exit(" + (code ?? "") + ")"); };
const signal = new AbortController().signal;
export default async ({ href, input, context }) => {
  try {
    const module = await import(href);
    const handler = typeof module.default === "function" ? module.default : module.default?.default;
    if (typeof handler !== "function") throw new TypeError(href + " has no default export that is a function");
    const output = await handler(JSON.parse(input), { ...context, signal });
    return { output: JSON.stringify(output ?? null) };
  } catch (error) {
    const isError = error instanceof Error;
    return { name: isError ? error.name : "Error", message: isError ? error.message : String(error), stack: isError ? error.stack : undefined };
  }
};`;

/** Threads that run handlers. */
export class ThreadPool {
  readonly #pool: Tinypool;

  constructor(numThreads: number) {
    this.#pool = new Tinypool({
      filename: `data:text/javascript,${encodeURIComponent(PROGRAM)}`,
      minThreads: 0,
      maxThreads: numThreads,
      // A thread that sleeps in Atomics.wait cannot run what a handler left behind, such as a timer of its backend.
      useAtomics: false,
      idleTimeout: 60_000,
    });
    // A thread that dies between two tasks is replaced when the next one comes.
    this.#pool.on("error", () => undefined);
  }

  /** Runs one task; the thread is ended when `signal` fires. */
  async run(task: ThreadTask, signal?: AbortSignal): Promise<unknown> {
    const reply = (await this.#pool.run(task, signal ? { signal } : {})) as
      | { output: string }
      | { name: string; message: string; stack?: string };
    if ("output" in reply) return JSON.parse(reply.output);
    const error = new Error(reply.message);
    error.name = reply.name;
    if (reply.stack !== undefined) error.stack = reply.stack;
    throw error;
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** Pools that no sweep uses, by their number of threads; a thread without work ends after a minute. */
const idlePools = new Map<number, ThreadPool[]>();

/**
 * Lends a pool of threads to `work`, warm from an earlier one where there is one: what a handler has imported and set up
 * is then there already. Threads that wait do not keep the process alive.
 */
export async function withThreads(
  numThreads: number,
  work: (pool: ThreadPool) => Promise<void>,
): Promise<void> {
  const idle = idlePools.get(numThreads) ?? [];
  idlePools.set(numThreads, idle);
  const pool = idle.pop() ?? new ThreadPool(numThreads);
  try {
    await work(pool);
  } catch (error) {
    await pool.close(); // ends what still runs
    throw error;
  }
  idle.push(pool);
}
