import { ArgumentError, checkChoice, checkInteger } from "@lab/core";
import { nodeModule } from "@lab/core/io";
import type { Runner } from "@lab/core/jobs";
import { SHARES } from "../ring-index/ring-index.js";
import type { Arm, SweepArm } from "./arm.js";
import { type ArmTask, DIGITS } from "./arm-task.js";
import { runTasks } from "./run-tasks.js";

const ARMS = [...SHARES, "dense", "narrow", "snip", "magnitude", "random"] as const;

/** Options of {@link dofSweep}. */
export interface DofSweepOptions {
  /**
   * Module whose default export is a {@link SweepModule}: a file URL, a path that starts with `./` or `../`, or an entry
   * point of a package. On threads and other machines it must be JavaScript.
   */
  build: string;
  /** What the module receives; plain JSON. @defaultValue null */
  settings?: unknown;
  /** Degrees of freedom of the kernels: numbers in the ring, or weights that stay. */
  sizes: readonly number[];
  /** Seeds; each trains every arm once. */
  seeds: readonly number[];
  /** What is compared at every size; `dense` is trained once for each seed. @defaultValue `["rpg", "dense"]` */
  arms?: readonly SweepArm[];
  /** Who trains. @defaultValue `"inline"` */
  runner?: Runner;
  /** Folder that receives each result, and from which a sweep that was stopped goes on. @defaultValue none */
  store?: string;
  /** Stops the sweep. */
  signal?: AbortSignal;
  /** Receives each result as soon as it is there. */
  on?: (event: SweepEvent) => void;
}

/** A trained and judged arm. */
export interface SweepRow {
  /** The arm. */
  arm: SweepArm;
  /** Its size as asked for; that of the network for `dense`. */
  size: number;
  /** The seed. */
  seed: number;
  /** Numbers that were trained, free parameters included. */
  parameters: number;
  /** Test accuracy in percent. */
  accuracy: number;
}

/** Progress of a sweep. */
export interface SweepEvent {
  /** The result. */
  row: SweepRow;
  /** Results so far. */
  done: number;
  /** Results in all. */
  total: number;
}

/** Result of a sweep. */
export interface SweepResult {
  /** Name of the data. */
  data: string;
  /** One row for each arm, size and seed, in this order. */
  rows: SweepRow[];
}

/**
 * Trains a network from rings of many sizes, and its rivals at equal numbers of parameters.
 *
 * @param options - See {@link DofSweepOptions}.
 * @returns See {@link SweepResult}; `dofPlot` draws it.
 * @throws {@link ArgumentError} when an option is out of range; {@link BackendError} at the end when arms kept failing; the
 *   signal's reason after an abort, and what is in `store` stays.
 * @remarks Every arm sees the same examples in the same order. Narrow networks need `narrow` in the module.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { dofPlot, dofSweep } from "@lab/rpg";
 *
 * await init();
 * const digits = { numTrain: 200, numTest: 100, epochs: 1, batch: 50, learningRate: 0.004 };
 * const result = await dofSweep({ build: "lab:digits", settings: digits, sizes: [250], seeds: [0] });
 * result.rows.map(({ arm, parameters }) => [arm, parameters]); // => [["rpg", 250], ["dense", 418200]]
 * dofPlot(result).series.length; // => 2
 * ```
 */
export async function dofSweep(options: DofSweepOptions): Promise<SweepResult> {
  const { build, settings = null, sizes, seeds, runner = "inline", store, signal, on } = options;
  const arms = options.arms ?? (["rpg", "dense"] as const);
  for (const [i, arm] of arms.entries()) checkChoice("dofSweep", `arms[${i}]`, arm, ARMS);
  for (const [i, size] of sizes.entries()) checkInteger("dofSweep", `sizes[${i}]`, size, { min: 1 });
  for (const [i, seed] of seeds.entries()) checkInteger("dofSweep", `seeds[${i}]`, seed, { min: 0 });
  for (const [argument, list] of Object.entries({ sizes, seeds, arms })) {
    if (list.length > 0) continue;
    throw new ArgumentError(`dofSweep: ${argument} is empty; at least one was expected`, {
      argument,
      value: list,
    });
  }
  const module = await addressOf(build);
  const tasks = new Map<string, ArmTask>();
  for (const kind of arms) {
    for (const size of kind === "dense" ? [0] : sizes) {
      for (const seed of seeds) {
        const arm: Arm = { kind, size };
        tasks.set(`${kind} ${size} ${seed}`, { build: module, settings, arm, seed });
      }
    }
  }
  const found = new Map<string, SweepRow>();
  let data = "";
  const outcomes = runTasks(tasks, { name: "rpg-sweep", runner, store, signal });
  for await (const { key, output } of outcomes) {
    const { arm, seed } = tasks.get(key)!;
    const { parameters, accuracy } = output;
    data = output.data;
    const size = arm.kind === "dense" ? parameters : arm.size;
    const row = { arm: arm.kind, size, seed, parameters, accuracy };
    found.set(key, row);
    on?.({ row, done: found.size, total: tasks.size });
  }
  return { data, rows: [...tasks.keys()].map((key) => found.get(key)!) };
}

/** The module's address from any process on this machine. */
async function addressOf(build: string): Promise<string> {
  if (typeof build !== "string" || build === "") {
    throw new ArgumentError(`dofSweep: build is ${JSON.stringify(build)}; a module was expected`, {
      argument: "build",
      value: build,
    });
  }
  if (build === DIGITS || !/^\.\.?[/\\]/.test(build)) return build;
  const { resolve } = nodeModule<typeof import("node:path")>("node:path", "dofSweep");
  const { pathToFileURL } = nodeModule<typeof import("node:url")>("node:url", "dofSweep");
  return pathToFileURL(resolve(build)).href;
}
