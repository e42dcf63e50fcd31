import {
  ArgumentError,
  checkAborted,
  checkChoice,
  checkInteger,
  checkNumber,
  type Progress,
} from "@lab/core";
import type { GaussianPrior, ScaleOptions } from "../gaussian/index.js";

/** What a fit at one scale answers. */
export interface Score {
  /** Held-out negative log likelihood in nats, for `validation`. */
  nll?: number;
  /** Log evidence in nats, for `evidence`. */
  logEvidence?: number;
  /** Further figures to keep, such as the accuracy. */
  [name: string]: number | undefined;
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
  /** Trains with a scaled prior and scores it; `fold` counts from 0. The prior is freed afterwards. */
  fit: (prior: GaussianPrior, signal: AbortSignal | undefined, fold: number) => Promise<Score>;
  /** Folds of a cross-validation, for few examples. @defaultValue 1 */
  folds?: number;
  /** `validation` compares held-out NLL; `evidence` compares the log evidence, and needs no held-out data. @defaultValue `"validation"` */
  method?: "validation" | "evidence";
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
 * @throws {@link ArgumentError} when there are no scales, one is not above 0, or `fit` answers no such figure.
 */
export async function tuneScale(options: TuneScaleOptions): Promise<{ best: number; curve: ScalePoint[] }> {
  const { prior, scales, signal, onProgress } = options;
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
  const figure = method === "validation" ? "nll" : "logEvidence";
  const { floor = 0, convention = "covariance" } = options;
  const curve: ScalePoint[] = [];
  for (const [i, scale] of scales.entries()) {
    const scaled = prior.scale(scale, {
      floor: typeof floor === "function" ? floor(scale) : floor,
      convention,
    });
    const scores: Score[] = [];
    try {
      for (let fold = 0; fold < folds; fold++) {
        checkAborted(signal);
        scores.push(await options.fit(scaled, signal, fold));
        onProgress?.({ done: i * folds + fold + 1, total: scales.length * folds, metrics: { scale } });
      }
    } finally {
      scaled.dispose();
    }
    const score = meanScore(scores);
    const value = score[figure];
    if (value === undefined) {
      throw new ArgumentError(`tuneScale: fit answered no ${figure}; method "${method}" needs it`, {
        argument: "fit",
        value: score,
      });
    }
    curve.push({ scale, objective: method === "validation" ? value : -value, score });
  }
  // NaN (a diverged fit) never wins.
  const finite = curve.filter((point) => Number.isFinite(point.objective));
  const best = finite.reduce((a, b) => (b.objective < a.objective ? b : a), finite[0] ?? curve[0]!);
  return { best: best.scale, curve };
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
