import { checkAborted, checkInteger } from "../check/index.js";
import { ArgumentError, BackendError } from "../errors/index.js";
import { runInline, runOnThreads } from "./local-runners.node.js";
import { runOnRedis } from "./redis-runner.node.js";
import { ResultStore } from "./result-store.node.js";
import type { Outcome, Sweep, SweepTask } from "./sweep.js";
import type { MapTasksOptions, Runner, TaskResult } from "./types.js";

/**
 * Runs independent tasks in this process, on threads, or on other machines, and yields results as they finish.
 *
 * With a `store` every result is a file before it is yielded, and a task whose result is there is not run again: a sweep
 * that was stopped, at whatever moment and on whatever runner, goes on where it was. A task that fails is tried again; one
 * that keeps failing does not hold up the others.
 *
 * @param options - See {@link MapTasksOptions}.
 * @returns Results in the order in which they are there, stored ones first. Leaving the loop early stops the sweep.
 * @throws {@link ArgumentError} when options are wrong or two tasks have one key; at the end {@link BackendError} when tasks
 * kept failing, with the keys and reasons, after all other results have been yielded; the signal's reason when it fires.
 * @remarks Tasks may run more than once after a crash; results are taken once. Input and output go through JSON also in
 * this process, so that a sweep gives the same on every runner.
 */
export function mapTasks<I, O>(options: MapTasksOptions<I>): AsyncIterable<TaskResult<O>> {
  const { name, handler, from, inputs, runner = "inline", store, signal, onProgress } = options;
  const retries = checkInteger("mapTasks", "retries", options.retries ?? 2, { min: 0, max: 1000 });
  for (const [argument, value] of Object.entries({ name, handler })) checkText(argument, value);
  if (from !== undefined && !(typeof from === "string" && from.startsWith("file:"))) {
    throw new ArgumentError(
      `mapTasks: from is ${JSON.stringify(from)}; a file URL such as import.meta.url was expected`,
      { argument: "from", value: from },
    );
  }
  const run = runnerOf(runner);
  const keys = new Set<string>();
  for (const [i, { key }] of inputs.entries()) {
    checkText(`inputs[${i}].key`, key);
    if (keys.has(key)) {
      throw new ArgumentError(
        `mapTasks: inputs[${i}].key is ${JSON.stringify(key)} as an earlier one; keys that differ were expected`,
        { argument: "inputs", value: key },
      );
    }
    keys.add(key);
  }

  return (async function* () {
    checkAborted(signal);
    const results = store === undefined ? undefined : new ResultStore(store, name);
    const total = inputs.length;
    let done = 0;
    const waiting: SweepTask[] = [];
    for (const { key, input } of inputs) {
      const stored = await results?.read(key);
      if (stored === undefined) {
        waiting.push({ key, input: input ?? null });
        continue;
      }
      onProgress?.({ done: ++done, total });
      yield { key, output: stored.output as O };
    }
    if (waiting.length === 0) return;

    const failures: { key: string; error: unknown }[] = [];
    const sweep = { name, handler, from, tasks: waiting, retries };
    for await (const outcome of outcomes(run, sweep, results, signal)) {
      if ("error" in outcome) {
        failures.push(outcome);
        continue;
      }
      onProgress?.({ done: ++done, total });
      yield { key: outcome.key, output: outcome.output as O };
    }
    if (failures.length > 0) throw failed(failures, total, retries, runner);
  })();
}

type Run = (sweep: Sweep) => Promise<void>;

/** Starts a runner and hands out what it emits, once it is stored. */
async function* outcomes(
  run: Run,
  sweep: Omit<Sweep, "emit" | "signal">,
  results: ResultStore | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Outcome> {
  const stop = new AbortController();
  const ready: Outcome[] = [];
  const writes = new Set<Promise<void>>();
  let wake: () => void = () => undefined;
  let isOver = false;
  const fatal: unknown[] = [];
  const end = (...errors: unknown[]) => {
    isOver = true;
    fatal.push(...errors);
    wake();
  };
  const deliver = async (outcome: Outcome) => {
    if ("output" in outcome) await results?.write(outcome.key, outcome.output);
    ready.push(outcome);
    wake();
  };
  const emit = (outcome: Outcome) => {
    const write = deliver(outcome).catch((error: unknown) => {
      end(error); // a result that cannot be stored ends the sweep
      stop.abort(error);
    });
    writes.add(write);
    void write.finally(() => writes.delete(write));
  };
  const all = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const work = run({ ...sweep, emit, signal: all }).then(
    async () => {
      await Promise.all(writes);
      end();
    },
    (error: unknown) => end(error),
  );
  try {
    for (;;) {
      const next = ready.shift();
      if (next !== undefined) yield next;
      else if (fatal.length > 0) throw fatal[0];
      else if (isOver) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    stop.abort(new BackendError("mapTasks: the sweep was left", { backend: "jobs" }));
    await work;
    await Promise.all(writes);
  }
}

function runnerOf(runner: Runner): Run {
  if (runner === "inline") return runInline;
  if (typeof runner === "string") {
    const count = Number(/^threads:(\d+)$/.exec(runner)?.[1]);
    if (count >= 1 && count <= 1024) return (sweep) => runOnThreads(sweep, count);
  } else if (typeof runner?.redis === "string" && /^rediss?:\/\//.test(runner.redis)) {
    return (sweep) => runOnRedis(sweep, runner.redis, runner.queue);
  }
  throw new ArgumentError(
    `mapTasks: runner is ${JSON.stringify(runner)}; "inline", "threads:<count>" or { redis: "redis://..." } was expected`,
    { argument: "runner", value: runner },
  );
}

function checkText(argument: string, value: unknown): void {
  if (typeof value === "string" && value !== "") return;
  throw new ArgumentError(`mapTasks: ${argument} is ${JSON.stringify(value)}; a text was expected`, {
    argument,
    value,
  });
}

const MOST_NAMED = 5;

function failed(
  failures: readonly { key: string; error: unknown }[],
  total: number,
  retries: number,
  runner: Runner,
): BackendError {
  const reasons = failures
    .slice(0, MOST_NAMED)
    .map(({ key, error }) => `${key}: ${error instanceof Error ? error.message : String(error)}`);
  const more = failures.length > MOST_NAMED ? [`and ${failures.length - MOST_NAMED} more`] : [];
  const errors = failures.map(({ error }) => error);
  return new BackendError(
    `mapTasks: ${failures.length} of ${total} tasks failed in ${retries + 1} attempts each; results were expected (${[...reasons, ...more].join("; ")})`,
    { backend: typeof runner === "string" ? runner : "redis" },
    { cause: new AggregateError(errors, "the last error of each task") },
  );
}
