import { ArgumentError, device, init } from "@lab/core";
import { digitsModule } from "../experiments/digits.js";
import { type Arm, trainArm, wrongKeyAccuracies } from "./arm.js";
import type { SweepData, SweepModule, SweepProblem } from "./problem.js";
import { accuracyOf, type TrainHooks } from "./training.js";

/** An arm of a sweep for another process; plain JSON. */
export interface ArmTask {
  /** Module with the problem, a file's address or a package's entry point. */
  build: string;
  /** What the module receives. */
  settings: unknown;
  /** The arm. */
  arm: Arm;
  /** Seed of the network, the ring and the order of examples. */
  seed: number;
  /** Keys other than the right one that are tried on the trained ring. @defaultValue 0 */
  wrongKeys?: number;
}

/** An arm's outcome. */
export interface ArmOutcome {
  /** Numbers that were trained. */
  parameters: number;
  /** Test accuracy in percent. */
  accuracy: number;
  /** Test accuracies in percent with wrong keys. */
  wrongKeys: number[];
  /** Name of the data. */
  data: string;
}

/** The problem of the digits, by a name instead of a module. */
export const DIGITS = "lab:digits";

/** Loads the problem that a task names; code that comes with the task itself is refused, and so is what is fetched. */
export async function problemOf(build: string, settings: unknown): Promise<SweepProblem> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(build)?.[1]?.toLowerCase();
  if (build !== DIGITS && scheme !== undefined && scheme !== "file") {
    throw new ArgumentError(
      `dofSweep: build is a module by ${scheme}:; a file's address, a path or an entry point of an installed package was expected`,
      { argument: "build", value: build.slice(0, 80) },
    );
  }
  if (build === DIGITS) return digitsModule(settings);
  let module: { default?: SweepModule };
  try {
    module = (await import(/* @vite-ignore */ build)) as { default?: SweepModule };
  } catch (cause) {
    throw new ArgumentError(
      `dofSweep: build is ${build}, which cannot be imported (${(cause as Error).message}); a module with a problem was expected`,
      { argument: "build", value: build },
      { cause },
    );
  }
  if (typeof module.default === "function") return module.default(settings);
  throw new ArgumentError(
    `dofSweep: build is ${build}, which has no default export that is a function; export default (settings) => problem was expected`,
    { argument: "build", value: build },
  );
}

/** Trains an arm and judges it. */
export async function runArm(
  task: Omit<ArmTask, "build" | "settings">,
  problem: SweepProblem,
  data: SweepData,
  hooks: TrainHooks = {},
): Promise<ArmOutcome> {
  const { arm, seed, wrongKeys = 0 } = task;
  const trained = await trainArm(arm, problem, data.train, seed, hooks);
  try {
    return {
      parameters: trained.parameters,
      accuracy: await accuracyOf(trained.model, data.test),
      wrongKeys: trained.compressed
        ? await wrongKeyAccuracies(trained.compressed, wrongKeys, problem, data.test, seed)
        : [],
      data: data.name,
    };
  } finally {
    trained.dispose();
  }
}

/**
 * Trains one arm; the handler of `mapTasks` for `dofSweep` and the experiments.
 *
 * @param task - The arm and its problem.
 * @param context - Its signal stops the training.
 * @returns The accuracy.
 */
export default async function armTask(
  task: ArmTask,
  context?: { signal?: AbortSignal },
): Promise<ArmOutcome> {
  try {
    device();
  } catch {
    await init({ backend: ["wasm", "cpu"] });
  }
  const problem = await problemOf(task.build, task.settings);
  return runArm(task, problem, await problem.data(task.seed), { signal: context?.signal });
}
