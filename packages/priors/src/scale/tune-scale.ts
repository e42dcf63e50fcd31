import {
  ArgumentError,
  checkAborted,
  checkChoice,
  checkInteger,
  checkNumber,
  type Progress,
} from "@lab/core";
import type { Runner } from "@lab/core/jobs";
import type { GaussianPrior, ScaleOptions } from "../gaussian/index.js";
import { runFits } from "./run-fits.js";

/** What a fit at one scale answers. */
export interface Score {
  /** Held-out negative log likelihood in nats, for `validation`. */
  nll?: number;
  /** Log evidence in nats, for `evidence`. */
  logEvidence?: number;
  /** Further figures to keep, such as the accuracy. */
  [name: string]: number | undefined;
}

/**
 * Trains with a scaled prior and scores it.
 *
 * @param prior - The scaled prior, which is freed afterwards.
 * @param signal - Stops it.
 * @param fold - Number of the fold, from 0.
 * @param settings - What {@link tuneScale} was given as `settings`.
 */
export type ScaleFit = (
  prior: GaussianPrior,
  signal: AbortSignal | undefined,
  fold: number,
  settings?: unknown,
) => Promise<Score>;

/** A prior's scale with all that belongs to it. */
export interface ScaleOf {
  /** The factor on the covariance. */
  scale: number;
  /** Added to every variance. */
  floor: number;
  /** As in `GaussianPrior.scale`. */
  convention: "covariance" | "reference";
}

/** A point of the scale curve: means over the folds. */
export interface ScalePoint {
  /** The scale. */
  scale: number;
  /** What is compared, smaller is better. */
  objective: number;
  /** Mean of every figure of the scores. */
  score: Record<string, number>;
}

/** Options of {@link tuneScale}. */
export interface TuneScaleOptions extends Omit<ScaleOptions, "floor"> {
  /** Added to every variance after scaling; a function of the scale for one that grows with it. @defaultValue 0 */
  floor?: number | ((scale: number) => number);
  /** The prior, unscaled. */
  prior: GaussianPrior;
  /** Scales to try, on a logarithmic grid. */
  scales: readonly number[];
  /**
   * Trains and scores: a function, or (Node) the JavaScript module that exports it by default, which other processes can
   * load too: a file URL, a path that starts with `./` or `../`, or an entry point of a package.
   */
  fit: ScaleFit | string;
  /** What a module receives as its last argument; plain JSON. @defaultValue null */
  settings?: unknown;
  /** Folds of a cross-validation, for few examples. @defaultValue 1 */
  folds?: number;
  /** `validation` compares held-out NLL; `evidence` compares the log evidence, and needs no held-out data. @defaultValue `"validation"` */
  method?: "validation" | "evidence";
  /** Who fits; all but `"inline"` need a module. @defaultValue `"inline"` */
  runner?: Runner;
  /**
   * Folder that keeps each score of a module, and from which a tuning that was stopped goes on (Node). Workers on other
   * machines read the prior from it, so it must be theirs too. @defaultValue none
   */
  store?: string;
  /** Stops between fits, and is handed to `fit`. */
  signal?: AbortSignal;
  /** Receives progress in fits. */
  onProgress?: (progress: Progress) => void;
}

/**
 * Finds the scale of a prior on a grid, by held-out likelihood or by evidence.
 *
 * @param options - See {@link TuneScaleOptions}.
 * @returns The best scale and the whole curve, in the order of the scales.
 * @throws {@link ArgumentError} when there are no scales, one is not above 0, a function is to run in other processes, or
 *   `fit` answers no such figure; {@link BackendError} at the end when fits elsewhere failed.
 */
export async function tuneScale(options: TuneScaleOptions): Promise<{ best: number; curve: ScalePoint[] }> {
  const { scales, fit, runner = "inline", store } = options;
  const folds = checkInteger("tuneScale", "folds", options.folds ?? 1, { min: 1 });
  const method = checkChoice("tuneScale", "method", options.method ?? "validation", [
    "validation",
    "evidence",
  ] as const);
  if (scales.length === 0) {
    throw new ArgumentError("tuneScale: scales is empty; at least one scale was expected", {
      argument: "scales",
      value: scales,
    });
  }
  for (const [i, scale] of scales.entries()) checkNumber("tuneScale", `scales[${i}]`, scale, { above: 0 });
  if (typeof fit === "function" && (runner !== "inline" || store !== undefined)) {
    throw new ArgumentError(
      `tuneScale: fit is a function, which ${runner === "inline" ? "a store" : "another process"} cannot take; a module that exports it by default was expected`,
      { argument: "fit", value: fit },
    );
  }
  const { floor = 0, convention = "covariance" } = options;
  const fits = new Map<string, ScaleOf & { fold: number }>();
  for (const scale of scales) {
    const own = { scale, floor: typeof floor === "function" ? floor(scale) : floor, convention };
    for (let fold = 0; fold < folds; fold++)
      fits.set(`${scale} ${own.floor} ${convention} ${fold}`, { ...own, fold });
  }
  const scores =
    typeof fit === "string" ? await elsewhere(fits, fit, options) : await here(fits, fit, options);
  const figure = method === "validation" ? "nll" : "logEvidence";
  const all = [...fits.entries()];
  const curve = scales.map((scale) => {
    const own = all.filter(([, one]) => one.scale === scale).map(([key]) => scores.get(key)!);
    const score = meanScore(own);
    const value = score[figure];
    if (value === undefined) {
      throw new ArgumentError(`tuneScale: fit answered no ${figure}; method "${method}" needs it`, {
        argument: "fit",
        value: score,
      });
    }
    return { scale, objective: method === "validation" ? value : -value, score };
  });
  // NaN (a diverged fit) never wins.
  const finite = curve.filter((point) => Number.isFinite(point.objective));
  const best = finite.reduce((a, b) => (b.objective < a.objective ? b : a), finite[0] ?? curve[0]!);
  return { best: best.scale, curve };
}

type Fits = ReadonlyMap<string, ScaleOf & { fold: number }>;

/** Fits in this process, scale by scale. */
async function here(fits: Fits, fit: ScaleFit, options: TuneScaleOptions): Promise<Map<string, Score>> {
  const { prior, signal, onProgress } = options;
  const scores = new Map<string, Score>();
  for (const [key, { scale, floor, convention, fold }] of fits) {
    checkAborted(signal);
    const scaled = prior.scale(scale, { floor, convention });
    try {
      scores.set(key, await fit(scaled, signal, fold));
    } finally {
      scaled.dispose();
    }
    onProgress?.({ done: scores.size, total: fits.size, metrics: { scale } });
  }
  return scores;
}

/** Fits wherever the runner has it done. */
async function elsewhere(fits: Fits, fit: string, options: TuneScaleOptions): Promise<Map<string, Score>> {
  const { prior, signal, onProgress, store, settings = null, runner = "inline" } = options;
  const scores = new Map<string, Score>();
  for await (const { key, score } of runFits(fits, { prior, fit, settings, runner, store, signal })) {
    scores.set(key, score);
    onProgress?.({ done: scores.size, total: fits.size, metrics: { scale: fits.get(key)!.scale } });
  }
  return scores;
}

function meanScore(scores: readonly Score[]): Record<string, number> {
  const names = new Set(scores.flatMap((score) => Object.keys(score)));
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      scores.reduce((sum, score) => sum + (score[name] ?? Number.NaN), 0) / scores.length,
    ]),
  );
}
