import type { DeviceInfo } from "@lab/core";
import type { Mode } from "@lab/core/experiment";
import type { Runner } from "@lab/core/jobs";
import { Generator } from "@lab/core/random";
import type { RegisteredExperiment } from "../discovery/registry.js";
import { versions } from "../discovery/versions.js";
import type { ProgressReporter } from "../progress/reporter.js";
import { codeFingerprint } from "./fingerprint.js";
import { RunStore, runKey, type StoredRun } from "./store.js";

/** How an experiment is run. */
export interface RunSettings {
  mode: Mode;
  seeds: number;
  out: string;
  /** Folder given with `--data`. */
  dir: string | undefined;
  runner: Runner;
  device: DeviceInfo;
  signal: AbortSignal;
  reporter: ProgressReporter;
}

function foundBy(dir: string | undefined): StoredRun["data"] {
  if (dir !== undefined) return "given";
  return process.env.LAB_DATA_DIR === undefined ? "looked up" : "LAB_DATA_DIR";
}

/**
 * Computes the seeds that are not there yet; a stopped run goes on from what its experiment kept.
 *
 * @returns Every seed, and how many of them were there before.
 */
export async function runExperiment(
  { experiment, source }: RegisteredExperiment,
  settings: RunSettings,
): Promise<{ runs: StoredRun[]; reused: number }> {
  const { mode, seeds, dir, runner, device, signal, reporter } = settings;
  const store = new RunStore(settings.out, experiment.name, mode);
  const params = experiment.params(mode);
  const code = codeFingerprint(source.folder);
  const runs: StoredRun[] = [];
  let reused = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const key = runKey({
      experiment: experiment.name,
      mode,
      seed,
      params,
      data: dir ?? process.env.LAB_DATA_DIR ?? "looked up",
      code,
      backend: device.backend,
    });
    const stored = store.read(seed, key);
    if (stored) {
      runs.push(stored);
      reused += 1;
      continue;
    }
    signal.throwIfAborted();
    reporter.label(seeds > 1 ? `${experiment.name} seed ${seed}/${seeds}` : experiment.name);
    const start = performance.now();
    const result = await experiment.run({
      params,
      seed,
      generator: new Generator(seed),
      device,
      data: { dir },
      store: store.partial(seed, key),
      runner,
      signal,
      onProgress: (progress) => reporter.update(progress),
    });
    signal.throwIfAborted(); // a result cut short is not a result
    const run: StoredRun = {
      experiment: experiment.name,
      mode,
      seed,
      key,
      result,
      device,
      versions: versions(source),
      data: foundBy(dir),
      seconds: (performance.now() - start) / 1000,
      finished: new Date().toISOString(),
    };
    await store.write(run);
    runs.push(run);
  }
  return { runs, reused };
}
