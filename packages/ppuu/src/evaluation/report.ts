import { ArgumentError } from "@lab/core";
import { wilsonInterval } from "@lab/core/metrics";
import type { Outcome } from "../environment/outcome.js";
import type { EpisodeResult } from "./run-group.js";

/** A share with its 95 % Wilson interval. */
export interface Rate {
  /** The share. */
  mean: number;
  /** Lower and upper end. */
  interval: [number, number];
}

/** What an evaluation found; plain JSON. */
export interface Report {
  /** Whether the others followed the log or reacted. */
  mode: "replay" | "reactive";
  /** Share that arrived without any collision. */
  success: Rate;
  /** Share that arrived without hitting anyone in front. */
  successAhead: Rate;
  /** Share of each outcome. */
  outcomes: Record<Outcome, Rate>;
  /** Mean metres until the end. */
  distance: number;
  /** Mean seconds until the end. */
  time: number;
  /** Mean over episodes of the root mean square jerk, m/s³. */
  jerk: number;
  /** Median of the shortest time to collision in s, over episodes that had one; `null` when none had. */
  minTimeToCollision: number | null;
  /** Mean of each part of the costs. */
  costs: Record<string, number>;
  /** The episodes, in order. */
  episodes: EpisodeResult[];
}

const OUTCOMES: readonly Outcome[] = ["ahead", "behind", "offroad", "arrived", "timeout"];

function rate(count: number, total: number): Rate {
  const interval = wilsonInterval(count, total);
  return { mean: count / total, interval: [interval.low, interval.high] };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Gathers episodes into a report. */
export function reportOf(mode: Report["mode"], episodes: EpisodeResult[]): Report {
  const share = (accept: (episode: EpisodeResult) => boolean) =>
    rate(episodes.filter(accept).length, episodes.length);
  const times = episodes.flatMap(({ minTimeToCollision }) => minTimeToCollision ?? []).sort((a, b) => a - b);
  const parts = Object.keys(episodes[0]?.costs ?? {});
  return {
    mode,
    success: share(({ success }) => success),
    successAhead: share(({ successAhead }) => successAhead),
    outcomes: Object.fromEntries(
      OUTCOMES.map((name) => [name, share(({ outcome }) => outcome === name)]),
    ) as Record<Outcome, Rate>,
    distance: mean(episodes.map(({ distance }) => distance)),
    time: mean(episodes.map(({ time }) => time)),
    jerk: mean(episodes.map(({ jerk }) => jerk)),
    minTimeToCollision: times.length > 0 ? times[Math.floor(times.length / 2)]! : null,
    costs: Object.fromEntries(parts.map((name) => [name, mean(episodes.map(({ costs }) => costs[name]!))])),
    episodes,
  };
}

/** How two policies differ on the same episodes. */
export interface Comparison {
  /** Success of the first minus that of the second. */
  difference: number;
  /** 95 % interval of the difference, from the episodes that only one of them passed. */
  interval: [number, number];
  /** Exact two-sided McNemar test. */
  mcnemar: {
    /** Episodes that only the first passed. */
    first: number;
    /** Episodes that only the second passed. */
    second: number;
    /** Probability of so uneven a split by chance. */
    p: number;
  };
}

/**
 * Compares two evaluations episode by episode, which tells apart what two separate rates cannot.
 *
 * @param a - First report.
 * @param b - Second report, over the same episodes.
 * @throws {@link ArgumentError} when the episodes differ.
 * @remarks The interval is Wald's for paired shares with 0.5 added to both discordant counts.
 * @see McNemar (1947), Note on the sampling error of the difference between correlated proportions.
 */
export function compare(a: Report, b: Report): Comparison {
  const total = a.episodes.length;
  const isSame =
    total === b.episodes.length &&
    a.mode === b.mode &&
    a.episodes.every(({ place: p }, i) => {
      const q = b.episodes[i]!.place;
      return p.scene === q.scene && p.car === q.car && p.frame === q.frame;
    });
  if (!isSame) {
    throw new ArgumentError(
      `compare: b has ${b.episodes.length} episodes (${b.mode}) and a has ${total} (${a.mode}); the same episodes in the same mode were expected`,
      { argument: "b", value: b.episodes.length },
    );
  }
  let [first, second] = [0, 0];
  for (const [i, { success }] of a.episodes.entries()) {
    const other = b.episodes[i]!.success;
    if (success && !other) first++;
    if (!success && other) second++;
  }
  const difference = (first - second) / total;
  const [p, q] = [(first + 0.5) / (total + 1), (second + 0.5) / (total + 1)];
  const half = 1.959963984540054 * Math.sqrt((p + q - (p - q) ** 2) / total);
  return {
    difference,
    interval: [Math.max(-1, difference - half), Math.min(1, difference + half)],
    mcnemar: { first, second, p: binomialTest(first, first + second) },
  };
}

/** Two-sided exact test of `count` successes in `trials` at one half. */
function binomialTest(count: number, trials: number): number {
  const tail = Math.min(count, trials - count);
  let [term, sum] = [1, 0];
  for (let k = 0; k <= tail; k++) {
    sum += term;
    term *= (trials - k) / (k + 1);
  }
  return Math.min(1, 2 * sum * 0.5 ** trials);
}
