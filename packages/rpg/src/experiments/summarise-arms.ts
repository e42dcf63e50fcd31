import type { Row, Run, Summary, Verdict } from "@lab/core/experiment";
import type { LinePlot, PlotSpec } from "@lab/core/plot";
import { dofPlot } from "../sweep/dof-plot.js";
import { type ArmsResult, meansOf, rowsOf } from "./sweep-arms.js";

/** A condition of a claim. */
export interface Gate {
  name: string;
  passes: boolean;
}

/** What an experiment on the arms of a sweep says of them. */
export interface ArmsJudgement {
  gates: readonly Gate[];
  /** What was measured, in one line. */
  measured: string;
  paperValue?: string;
  /** Rows after those of the arms. */
  rows?: readonly Row[];
  /** Title and caption of the figure of accuracy against degrees of freedom. */
  figure: Pick<LinePlot, "title" | "caption">;
  /** Figures after it. */
  figures?: readonly PlotSpec[];
  notes: readonly string[];
}

/** Elements of the network that every ring generates. */
const ELEMENTS = 418_200;

const rounded = (value: number) => Math.round(100 * value) / 100;

/** Table, figure and verdict: all gates, at least half of them, or fewer. */
export function summariseArms(runs: readonly Run<ArmsResult>[], judgement: ArmsJudgement): Summary {
  const { gates, measured, paperValue, rows = [], figure, figures = [], notes } = judgement;
  const numPassed = gates.filter(({ passes }) => passes).length;
  const verdict: Verdict =
    numPassed === gates.length ? "reproduced" : numPassed >= gates.length / 2 ? "partly" : "failed";
  return {
    verdict,
    ...(paperValue === undefined ? {} : { paperValue }),
    measured,
    table: [
      ...meansOf(runs).map((m) => ({
        arm: m.kind,
        parameters: m.parameters,
        "times fewer": Math.round((10 * ELEMENTS) / m.parameters) / 10,
        "accuracy %": rounded(m.mean),
      })),
      ...rows,
    ],
    figures: [{ ...dofPlot({ rows: rowsOf(runs) }), ...figure }, ...figures],
    notes: [
      `Data: ${runs[0]!.result.data}, ${runs.length} seed(s).`,
      ...gates.map(({ name, passes }) => `${passes ? "passed" : "missed"}: ${name}.`),
      ...notes,
    ],
  };
}
