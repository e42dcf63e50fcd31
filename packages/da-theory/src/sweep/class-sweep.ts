import { ArgumentError, checkInteger, checkNumber, type Progress } from "@lab/core";
import { findData } from "@lab/core/data";
import { nodeModule } from "@lab/core/io";
import { mapTasks, type Runner } from "@lab/core/jobs";
import type { AuditInput, Run } from "../audit/types.js";
import { openFolder } from "./open-folder.js";
import type { SweepOutput, SweepSetting, SweepTask } from "./sweep-handler.js";
import { checkTransform } from "./transform-spec.js";

/** Options of {@link classSweep}. */
export interface ClassSweepOptions {
  /** The settings; names must differ. */
  settings: readonly SweepSetting[];
  /** Seeds; every setting is trained with each. */
  seeds: readonly number[];
  /**
   * `mlp-mnist`, `cnn-cifar`, `resnet-folder`, or a module whose default export is a handler of `sweepHandler`: a file URL, a path that
   * begins with `./`, or a package's entry point.
   */
  handler: string;
  /** Folder that receives the predictions of each training; a sweep that was stopped goes on from there. */
  store: string;
  /**
   * Options for all settings. The small trainings know `numTrain`, `numTest`, `steps`, `batch`, `learningRate`,
   * `hidden`, `halve` (pictures of half the size), `seedOffset` (added to the seed) and `dir` (where the data are).
   *
   * `resnet-folder` needs `dir`, a folder whose `train` and `val` have one subfolder of pictures a class, and knows `depth`
   * (18, 34, 50), `width` (64), `size` of the views (160), `stored` (256, sides to which pictures are brought before views
   * are cut out), `testSize` (1.6 times `size`), `epochs` (88), `batch` (512), `learningRate` (0.5 for 256 pictures of a
   * batch), `smoothing` (0.1) and `checkpoints`, a folder for the states of trainings that are stopped. Its weight decay is
   * 1e-4 unless the setting has one. It needs the package sharp.
   */
  options?: Readonly<Record<string, unknown>>;
  /** Changes whenever results of older code should not be taken. @defaultValue 1 */
  version?: number;
  /** Who runs the trainings. @defaultValue `"inline"` */
  runner?: Runner;
  /** Stops the sweep; finished trainings remain. */
  signal?: AbortSignal | undefined;
  /** Receives the number of finished trainings. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** The predictions of a sweep, ready for `auditClasses`. */
export interface SweepResult extends AuditInput {
  /** Name of the data, where the trainings gave one. */
  data: string | undefined;
}

/** Name of a sweep's tasks in stores and on queues. */
export const SWEEP = "da-class-sweep";
/** Trainings of this package and their data. */
const BUILT_IN = { "mlp-mnist": "mnist", "cnn-cifar": "cifar10", "resnet-folder": undefined } as const;

async function digest(value: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, 16);
}

/** Which data a training will find: results of generated pictures are not taken for those of the data set, nor the other way. */
async function dataOf(handler: keyof typeof BUILT_IN, dir: string | undefined): Promise<string> {
  const name = BUILT_IN[handler];
  if (name) return (await findData(name, { dir })) ? name : "other";
  if (dir === undefined)
    throw new ArgumentError(
      "classSweep: options.dir is undefined; a folder with train and val was expected for resnet-folder",
      { argument: "options.dir", value: dir },
    );
  const { train, test } = openFolder(dir, { stored: 1, testSize: 1 });
  return digest([train.classNames, Array.from(train.labels), Array.from(test.labels)]);
}

/** The module of the built-in trainings: beside this code where that is a file, else by name. */
async function builtInModule(runner: Runner): Promise<string> {
  const name = "@lab/da-theory/worker";
  if (typeof runner !== "string" || !import.meta.url.startsWith("file:")) return name;
  const { existsSync } = nodeModule<typeof import("node:fs")>("node:fs", "classSweep");
  for (const path of ["./worker.js", "../worker.js", "./sweep-task.ts"]) {
    const beside = new URL(path, import.meta.url);
    if (existsSync(beside)) return beside.href;
  }
  return name;
}

function checkSettings(settings: readonly SweepSetting[], seeds: readonly number[]): void {
  const names = settings.map(({ name }) => String(name));
  const fail = (message: string, argument: string, value: unknown) => {
    throw new ArgumentError(`classSweep: ${message}`, { argument, value });
  };
  if (names.length === 0) fail("settings is empty; one setting at least was expected", "settings", settings);
  if (seeds.length === 0) fail("seeds is empty; one seed at least was expected", "seeds", seeds);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    fail(`settings has '${twice}' twice; names that differ were expected`, "settings", twice);
  const again = seeds.find((seed, i) => seeds.indexOf(seed) !== i);
  if (again !== undefined) fail(`seeds has ${again} twice; seeds that differ were expected`, "seeds", again);
  for (const [i, seed] of seeds.entries()) checkInteger("classSweep", `seeds[${i}]`, seed, { min: 0 });
  for (const { transform, weightDecay } of settings) {
    if (transform) checkTransform("classSweep", transform);
    if (weightDecay !== undefined) checkNumber("classSweep", "weightDecay", weightDecay, { min: 0 });
  }
}

/** Puts outputs together; all must be of the same test images. */
export function sweepResult(
  caller: string,
  outputs: readonly { run: Run; output: SweepOutput }[],
): SweepResult {
  const first = outputs[0]?.output;
  if (!first)
    throw new ArgumentError(`${caller}: no training is finished; one at least was expected`, {
      argument: "store",
      value: 0,
    });
  for (const { run, output } of outputs) {
    const isSame =
      output.labels.length === first.labels.length &&
      output.labels.every((label, i) => label === first.labels[i]);
    if (!isSame)
      throw new ArgumentError(
        `${caller}: setting ${run.setting}, seed ${run.seed} was tested on other images than the first one; the same labels were expected`,
        { argument: "labels", value: output.labels.length },
      );
  }
  return {
    labels: first.labels,
    ...(first.classNames && { classNames: first.classNames }),
    runs: outputs.map(({ run, output }) => ({ ...run, predictions: output.predictions })),
    data: first.data,
  };
}

/**
 * Trains every setting with every seed and collects the predictions of the test images.
 *
 * Each training is one task of `mapTasks`: in this process, on threads, or on a queue. Its predictions are stored under a
 * hash of setting, seed, options and version as soon as they are there; what is stored is not trained again.
 *
 * @param options - See {@link ClassSweepOptions}.
 * @returns Labels and predictions, setting by setting, for `auditClasses`.
 * @throws {@link ArgumentError} when names or seeds repeat or a transform is impossible; what `mapTasks` throws when
 * trainings kept failing.
 * @remarks Needs Node. Without the data set on this machine the built-in trainings use core's generated `glyphs`; the
 * result's `data` says so.
 */
export async function classSweep(options: ClassSweepOptions): Promise<SweepResult> {
  const { settings, seeds, handler, store, runner = "inline", version = 1, signal, onProgress } = options;
  checkSettings(settings, seeds);
  const isBuiltIn = Object.hasOwn(BUILT_IN, handler);
  const data = isBuiltIn
    ? await dataOf(handler as keyof typeof BUILT_IN, options.options?.dir as string | undefined)
    : "other";
  const inputs = await Promise.all(
    settings.flatMap((setting) =>
      seeds.map(async (seed) => {
        const input: SweepTask = {
          setting,
          seed,
          options: { ...options.options, ...setting.options },
          training: isBuiltIn ? handler : "",
        };
        const { dir: _, checkpoints: __, ...fingerprint } = input.options;
        const hash = await digest([input.setting, seed, fingerprint, data, handler, version]);
        return { key: `${setting.name}/${seed}/${hash}`, input };
      }),
    ),
  );
  const byKey = new Map<string, SweepOutput>();
  const results = mapTasks<SweepTask, SweepOutput>({
    name: SWEEP,
    handler: isBuiltIn ? await builtInModule(runner) : handler,
    inputs,
    runner,
    store,
    signal,
    onProgress,
  });
  for await (const { key, output } of results) byKey.set(key, output);
  return sweepResult(
    "classSweep",
    inputs.map(({ key, input }) => ({
      run: { setting: input.setting.name, seed: input.seed },
      output: byKey.get(key)!,
    })),
  );
}
