import type { Row } from "@lab/core/experiment";
import type { BarsPlot } from "@lab/core/plot";
import type { Report } from "../evaluation/report.js";

/** Result of one method for one seed; plain JSON. */
export interface MethodRow {
  /** Name of the method. */
  method: string;
  /** Mode of the evaluation. */
  mode: "replay" | "reactive";
  /** Share that arrived without collision. */
  success: number;
  /** Lower end of its 95 % interval. */
  low: number;
  /** Upper end of its 95 % interval. */
  high: number;
  /** Share that hit someone in front. */
  ahead: number;
  /** Share that was hit from behind. */
  behind: number;
  /** Share that left the road. */
  offroad: number;
  /** Episodes. */
  episodes: number;
  /** Seconds that training and evaluation took. */
  seconds: number;
}

/** The row of a report. */
export function methodRow(method: string, report: Report, seconds: number): MethodRow {
  const { success, outcomes, mode, episodes } = report;
  return {
    method,
    mode,
    success: success.mean,
    low: success.interval[0],
    high: success.interval[1],
    ahead: outcomes.ahead.mean,
    behind: outcomes.behind.mean,
    offroad: outcomes.offroad.mean,
    episodes: episodes.length,
    seconds,
  };
}

const round = (value: number) => Math.round(value * 1000) / 1000;

/** Rows of the result table. */
export function tableOf(runs: readonly { seed: number; rows: readonly MethodRow[] }[]): Row[] {
  return runs.flatMap(({ seed, rows }) =>
    rows.map(({ method, mode, success, low, high, ahead, behind, offroad, episodes, seconds }) => ({
      method,
      mode,
      seed,
      success: round(success),
      "95 % interval": `${low.toFixed(3)} – ${high.toFixed(3)}`,
      ahead: round(ahead),
      behind: round(behind),
      "off-road": round(offroad),
      episodes,
      seconds: Math.round(seconds * 10) / 10,
    })),
  );
}

/** Success of all methods with its intervals, one colour a seed. */
export function successBars(
  title: string,
  caption: string,
  runs: readonly { seed: number; rows: readonly MethodRow[] }[],
): BarsPlot {
  const names = [
    ...new Set(runs.flatMap(({ rows }) => rows.map(({ method, mode }) => `${method} (${mode})`))),
  ];
  return {
    kind: "bars",
    title,
    caption,
    categories: names,
    y: { label: "share of episodes that arrive without a collision", domain: [0, 1] },
    series: runs.map(({ seed, rows }) => {
      const at = (name: string) => rows.find(({ method, mode }) => `${method} (${mode})` === name);
      return {
        name: `seed ${seed}`,
        y: names.map((name) => at(name)?.success ?? null),
        low: names.map((name) => at(name)?.low ?? null),
        high: names.map((name) => at(name)?.high ?? null),
      };
    }),
  };
}
