import { checkAborted } from "@lab/core";
import { nodeModule } from "@lab/core/io";
import { mapTasks, type Runner, type TaskResult } from "@lab/core/jobs";
import { type ArmOutcome, type ArmTask, problemOf, runArm } from "./arm-task.js";
import type { SweepData } from "./problem.js";

/** How arms are run. */
export interface RunTasksOptions {
  /** Name of the sweep. */
  name: string;
  runner: Runner;
  store?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Progress within the arm that is trained, in this process only. */
  on?: ((key: string, share: number) => void) | undefined;
  /** File of an arm's checkpoint, in this process only. */
  checkpoint?: ((key: string) => string) | undefined;
}

/** Trains arms of one problem by their keys and yields each outcome as soon as it is there. */
export async function* runTasks(
  tasks: ReadonlyMap<string, ArmTask>,
  options: RunTasksOptions,
): AsyncGenerator<TaskResult<ArmOutcome>> {
  const { name, runner, store, signal, on, checkpoint } = options;
  if (runner !== "inline" || (store !== undefined && !checkpoint)) {
    yield* mapTasks<ArmTask, ArmOutcome>({
      name,
      handler: await handlerFor(runner),
      inputs: [...tasks].map(([key, input]) => ({ key, input })),
      runner,
      retries: 0,
      ...(store !== undefined && { store }),
      ...(signal && { signal }),
    });
    return;
  }
  const [first] = tasks.values();
  const problem = await problemOf(first!.build, first!.settings);
  const data = new Map<number, SweepData>();
  for (const [key, task] of tasks) {
    checkAborted(signal);
    if (!data.has(task.seed)) data.set(task.seed, await problem.data(task.seed));
    const output = await runArm(task, problem, data.get(task.seed)!, {
      signal,
      ...(on && { on: (share: number) => on(key, share) }),
      ...(checkpoint && { checkpoint: checkpoint(key) }),
    });
    yield { key, output };
  }
}

/** The built handler where this code is built, else the entry point by its name. */
async function handlerFor(runner: Runner): Promise<string> {
  const name = "@lab/rpg/worker";
  if (typeof runner !== "string") return name;
  const beside = new URL("./worker.js", import.meta.url);
  const { existsSync } = nodeModule<typeof import("node:fs")>("node:fs", "dofSweep");
  return beside.protocol === "file:" && existsSync(beside) ? beside.href : name;
}
