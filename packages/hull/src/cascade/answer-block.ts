import { decideDistances, decideMembership, type Findings } from "./cascade.js";
import type { HullContext, QueryRun } from "./context.js";
import type { Gauges } from "./gauges.js";

/** What is asked about a block of queries. */
export interface BlockQuestion {
  /** Verdicts, distances or gauges. */
  mode: "membership" | "distance" | "gauge";
  /** Queries, row by row. */
  queries: Float64Array;
  /** Centre of the gauges. */
  center?: Float64Array;
}

/** Findings, or gauges where these were asked for. */
export type BlockAnswer = Findings | Gauges;

/** Answers a block of queries in this process. */
export async function answerBlock(
  context: HullContext,
  { mode, queries, center }: BlockQuestion,
  run: QueryRun,
  onDone: (count: number) => void,
): Promise<BlockAnswer> {
  const m = queries.length / context.rows.d;
  if (mode === "gauge") {
    const { gaugesOf } = await import("../on-demand.js");
    return await gaugesOf(context, queries, m, center!, run, onDone);
  }
  const decide = mode === "membership" ? decideMembership : decideDistances;
  return await decide(context, queries, m, run, onDone);
}
