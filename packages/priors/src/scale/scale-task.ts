import { device, init } from "@lab/core";
import { loadPrior } from "../file/index.js";
import type { ScaleFit, ScaleOf, Score } from "./tune-scale.js";

/** One fit of a scale for another process; plain JSON. */
export interface ScaleTask extends ScaleOf {
  /** Address of the module whose default export is a {@link ScaleFit}. */
  fit: string;
  /** What the module receives beside the prior. */
  settings: unknown;
  /** File of the unscaled prior. */
  prior: string;
  /** Number of the fold. */
  fold: number;
}

/**
 * Fits once with a scaled prior; the handler of `mapTasks` for `tuneScale`.
 *
 * @param task - The scale, the prior and who fits.
 * @param context - Its signal stops the fit.
 * @returns The score.
 */
export default async function scaleTask(task: ScaleTask, context?: { signal?: AbortSignal }): Promise<Score> {
  try {
    device();
  } catch {
    await init({ backend: ["wasm", "cpu"] });
  }
  const { default: fit } = (await import(/* @vite-ignore */ task.fit)) as { default: ScaleFit };
  const unscaled = await loadPrior(task.prior);
  const scaled = unscaled.scale(task.scale, { floor: task.floor, convention: task.convention });
  try {
    return await fit(scaled, context?.signal, task.fold, task.settings);
  } finally {
    scaled.dispose();
    unscaled.dispose();
  }
}
