import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { device } from "@lab/core";
import type { Experiment, ExperimentContext, Mode, Run } from "@lab/core/experiment";
import { Generator } from "@lab/core/random";
import { experiments } from "../src/experiments/index.js";

/** Runs an experiment for some seeds as the command line does, with parameters that may be changed. */
export async function runExperiment(
  name: string,
  mode: Mode,
  seeds: readonly number[],
  change: Record<string, unknown> = {},
  within: Partial<Pick<ExperimentContext<unknown>, "store" | "signal" | "onProgress">> = {},
): Promise<{ experiment: Experiment; runs: Run<unknown>[] }> {
  const experiment = experiments.find((candidate) => candidate.name === name)!;
  const runs: Run<unknown>[] = [];
  for (const seed of seeds) {
    const store = within.store ?? (await mkdtemp(join(tmpdir(), "lab-ppuu-store-")));
    try {
      const result = await experiment.run({
        params: { ...(experiment.params(mode) as object), ...change },
        seed,
        generator: new Generator(seed),
        device: device(),
        data: { dir: undefined },
        runner: "inline",
        signal: new AbortController().signal,
        onProgress: () => undefined,
        ...within,
        store,
      });
      // Results must survive being stored as JSON.
      runs.push({ seed, result: JSON.parse(JSON.stringify(result)) });
    } finally {
      if (!within.store) await rm(store, { recursive: true, force: true });
    }
  }
  return { experiment, runs };
}
