import { nodeModule } from "@lab/core/io";
import { mapTasks, type Runner } from "@lab/core/jobs";
import { inspectPrior, savePrior } from "../file/index.js";
import { sha256 } from "../file/manifest.js";
import type { GaussianPrior } from "../gaussian/index.js";
import type { ScaleTask } from "./scale-task.js";
import type { ScaleOf, Score } from "./tune-scale.js";

/** Fits that other processes make. */
export interface RunFitsOptions {
  prior: GaussianPrior;
  /** The module as the caller named it. */
  fit: string;
  settings: unknown;
  runner: Runner;
  store: string | undefined;
  signal: AbortSignal | undefined;
}

/** The module's address from any process on this machine. */
function addressOf(module: string): string {
  if (!/^\.\.?[/\\]/.test(module)) return module;
  const { resolve } = nodeModule<typeof import("node:path")>("node:path", "tuneScale");
  const { pathToFileURL } = nodeModule<typeof import("node:url")>("node:url", "tuneScale");
  return pathToFileURL(resolve(module)).href;
}

/** Yields the scores of all fits as they come; `fits` are scales and folds by their keys. */
export async function* runFits(
  fits: ReadonlyMap<string, ScaleOf & { fold: number }>,
  options: RunFitsOptions,
): AsyncGenerator<{ key: string; score: Score }> {
  const { prior, settings, runner, store, signal } = options;
  const { mkdirSync, mkdtempSync, rmSync } = nodeModule<typeof import("node:fs")>("node:fs", "tuneScale");
  const { join, resolve } = nodeModule<typeof import("node:path")>("node:path", "tuneScale");
  const { tmpdir } = nodeModule<typeof import("node:os")>("node:os", "tuneScale");
  const folder = store === undefined ? mkdtempSync(join(tmpdir(), "lab-priors-")) : resolve(store);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "unscaled.prior.safetensors");
  try {
    await savePrior(file, prior);
    const fit = addressOf(options.fit);
    const inputs = [...fits].map(([key, one]) => ({ key, input: { ...one, fit, settings, prior: file } }));
    // Scores that are kept are those of this prior and these settings alone.
    const about = JSON.stringify([await inspectPrior(file), fit, settings]);
    const outcomes = mapTasks<ScaleTask, Record<string, number | null>>({
      name: `tune-scale ${await sha256(new TextEncoder().encode(about))}`,
      handler: "@lab/priors/worker",
      from: import.meta.url,
      inputs,
      runner,
      retries: 0,
      ...(store !== undefined && { store: folder }),
      ...(signal && { signal }),
    });
    for await (const { key, output } of outcomes) {
      // JSON has no NaN: a diverged fit comes as null.
      const score = Object.fromEntries(
        Object.entries(output).map(([name, value]) => [name, value ?? Number.NaN]),
      );
      yield { key, score };
    }
  } finally {
    if (store === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
