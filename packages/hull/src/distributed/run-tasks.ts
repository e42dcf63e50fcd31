import { checkAborted } from "@lab/core";
import { mapTasks, type Runner } from "@lab/core/jobs";
import type { ResultFiles } from "./result-files.js";
import type { HullTask } from "./tasks.js";

/** A task under the key of its result. */
export interface KeyedTask {
  /** Name of the result. */
  key: string;
  /** Computes it in this process. */
  here: () => Promise<unknown>;
  /** What another process is given. */
  task: () => Promise<HullTask>;
}

/**
 * Results of tasks, stored ones first; the others are computed here or by the runner and stored as they come.
 *
 * @returns Outputs by key, as plain JSON.
 */
export async function runTasks(
  files: ResultFiles,
  tasks: readonly KeyedTask[],
  runner: Runner,
  signal: AbortSignal | undefined,
  onResult: (key: string) => void,
): Promise<Map<string, unknown>> {
  const outputs = new Map<string, unknown>();
  const waiting: KeyedTask[] = [];
  for (const task of tasks) {
    const output = await files.read(task.key);
    if (output === undefined) waiting.push(task);
    else {
      outputs.set(task.key, output);
      onResult(task.key);
    }
  }
  const take = async (key: string, output: unknown) => {
    await files.write(key, output);
    outputs.set(key, output);
    onResult(key);
  };
  if (runner === "inline") {
    for (const { key, here } of waiting) {
      checkAborted(signal);
      await take(key, JSON.parse(JSON.stringify(await here())));
    }
  } else if (waiting.length > 0) {
    const inputs: { key: string; input: HullTask }[] = [];
    for (const { key, task } of waiting) inputs.push({ key, input: await task() });
    const sweep = mapTasks<HullTask, unknown>({
      name: "hull",
      handler: "@lab/hull/worker",
      from: import.meta.url,
      inputs,
      runner,
      signal,
    });
    for await (const { key, output } of sweep) await take(key, output);
  }
  return outputs;
}
