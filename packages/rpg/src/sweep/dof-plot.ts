import type { LinePlot } from "@lab/core/plot";
import type { SweepArm } from "./arm.js";
import type { SweepResult } from "./dof-sweep.js";

const NAMES: Record<SweepArm, string> = {
  rpg: "ring",
  permute: "ring, permuted only",
  reflect: "ring, reflected only",
  plain: "ring, plain",
  hashed: "ring, hashed",
  dense: "dense",
  narrow: "narrow network",
  snip: "pruned by SNIP",
  magnitude: "pruned by magnitude",
  random: "pruned at random",
};

/**
 * Accuracy against the number of trained parameters on a logarithmic axis: a line and the range over seeds for each arm,
 * and the dense network's accuracy as a dashed line.
 *
 * @param result - What `dofSweep` gave.
 * @returns A figure for `renderSvg` of `@lab/core/plot`.
 */
export function dofPlot(result: Pick<SweepResult, "rows">): LinePlot {
  const { rows } = result;
  const sizes = rows.map(({ parameters }) => parameters);
  const ends = [Math.min(...sizes), Math.max(...sizes)];
  const kinds = [...new Set(rows.map(({ arm }) => arm))];
  const series = kinds.map((kind) => {
    const own = rows.filter(({ arm }) => arm === kind);
    const points = [...new Set(own.map(({ parameters }) => parameters))].sort((a, b) => a - b);
    const at = (x: number) => own.filter(({ parameters }) => parameters === x).map((row) => row.accuracy);
    const y = points.map((x) => mean(at(x)));
    if (kind === "dense") return { name: NAMES.dense, x: ends, y: [y[0]!, y[0]!], dashed: true };
    return {
      name: NAMES[kind],
      x: points,
      y,
      low: points.map((x) => Math.min(...at(x))),
      high: points.map((x) => Math.max(...at(x))),
    };
  });
  return {
    kind: "line",
    title: "Accuracy against the number of trained parameters",
    x: { label: "degrees of freedom", scale: "log" },
    y: { label: "test accuracy (%)", domain: [0, 100] },
    series,
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
