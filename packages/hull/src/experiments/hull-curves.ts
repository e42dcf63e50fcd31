import type { Experiment } from "@lab/core/experiment";
import { gaussianHullProbability } from "../theory/index.js";
import { paper } from "./paper.js";
import { type CurveRow, interpolationCurve, intrinsicDimensionStudy } from "./studies.js";

interface CurvesParams {
  dimensions: number[];
  counts: number[];
  ambients: number[];
  linearCounts: number[];
  trials: number;
  queries: number;
}

/** Share of fresh samples in the hull against the number of points: Monte Carlo beside the exact probability. */
export const hullCurves: Experiment<CurvesParams, { rows: CurveRow[] }> = {
  name: "hull-curves",
  paper,
  claim:
    "The number of samples needed to interpolate grows exponentially with the intrinsic, not the ambient dimension.",
  estimate: { quick: 25, full: 1200 },
  isMain: false,
  params: (mode) => ({
    dimensions: [2, 3, 4, 5, 6, 7],
    counts: mode === "quick" ? [10, 30, 100, 300] : [10, 30, 100, 300, 1000, 3000, 10_000],
    ambients: [4, 5, 6, 7],
    linearCounts: mode === "quick" ? [10, 30, 63, 100] : [10, 30, 63, 100, 300],
    trials: mode === "quick" ? 30 : 400,
    queries: 20,
  }),
  async run({ params, seed, signal, onProgress }) {
    const { dimensions, counts, ambients, linearCounts, trials, queries } = params;
    const rows: CurveRow[] = [];
    const total =
      dimensions.length * counts.length + ambients.length * linearCounts.length + 3 * counts.length;
    const common = { trials, queries, seed, signal };
    const take = async (study: AsyncIterable<CurveRow>) => {
      for await (const row of study) {
        rows.push(row);
        onProgress({ done: rows.length, total, message: `${row.law}, d ${row.ambient}, N ${row.n}` });
      }
    };
    await take(interpolationCurve({ ...common, dimensions, counts }));
    await take(intrinsicDimensionStudy({ ...common, dimensions: ambients, counts: linearCounts }));
    await take(interpolationCurve({ ...common, law: "spline", dimensions: [3, 5, 7], counts }));
    return { rows };
  },
  summarise(runs) {
    const { rows } = runs[0]!.result;
    const withExact = rows.filter(({ exact }) => exact !== null);
    const off = withExact.filter(({ rate, exact, error, trials, queries }) => {
      const least = Math.sqrt((exact! * (1 - exact!)) / (trials * queries));
      return Math.abs(rate - exact!) > 4 * Math.max(error, least);
    });
    // Of a few dozen comparisons at 4 standard errors none should fail.
    const verdict = off.length === 0 ? "reproduced" : off.length <= 1 ? "partly" : "failed";
    const dimensions = [...new Set(rows.filter(({ law }) => law === "gaussian").map((row) => row.ambient))];
    const counts = [...new Set(rows.filter(({ law }) => law === "gaussian").map(({ n }) => n))];
    const dense = Array.from({ length: 41 }, (_, i) =>
      Math.round(counts[0]! * (counts.at(-1)! / counts[0]!) ** (i / 40)),
    );
    const of = (law: CurveRow["law"], ambient: number) =>
      rows.filter((row) => row.law === law && row.ambient === ambient);
    const dots = (name: string, points: CurveRow[]) => ({
      name,
      x: points.map(({ n }) => n),
      y: points.map(({ rate }) => rate),
      low: points.map(({ rate, error }) => Math.max(0, rate - 2 * error)),
      high: points.map(({ rate, error }) => Math.min(1, rate + 2 * error)),
    });
    const axes = {
      x: { label: "number of points N", scale: "log" as const },
      y: { label: "probability inside", domain: [0, 1] as const },
    };
    const linear = [...new Set(rows.filter(({ law }) => law === "linear").map(({ ambient }) => ambient))];
    const spline = [...new Set(rows.filter(({ law }) => law === "spline").map(({ ambient }) => ambient))];
    return {
      verdict,
      paperValue:
        "figure 1: curves shift right by a constant factor per dimension; ambient dimension does not matter",
      measured: `${withExact.length - off.length} of ${withExact.length} Monte Carlo estimates within 4 standard errors of the exact value`,
      table: rows.map(({ law, ambient, intrinsic, n, rate, error, exact }) => ({
        law,
        ambient,
        intrinsic,
        N: n,
        "inside (Monte Carlo)": Math.round(rate * 1e4) / 1e4,
        "standard error": Math.round(error * 1e4) / 1e4,
        exact: exact === null ? null : Math.round(exact * 1e5) / 1e5,
      })),
      figures: [
        {
          kind: "line",
          title: "Gaussian samples: exact probability and Monte Carlo",
          caption: "Dashed: exact. Bars: two standard errors over trials with fresh points.",
          ...axes,
          series: dimensions.flatMap((d) => [
            {
              name: `exact, d = ${d}`,
              x: dense,
              y: dense.map((n) => gaussianHullProbability({ n, d })),
              dashed: true,
            },
            dots(`d = ${d}`, of("gaussian", d)),
          ]),
        },
        {
          kind: "line",
          title: "Intrinsic dimension 4 in spaces of dimension 4 to 7, and a closed curve",
          ...axes,
          series: [
            ...linear.map((d) => dots(`linear, ambient ${d}`, of("linear", d))),
            ...spline.map((d) => dots(`spline, ambient ${d}`, of("spline", d))),
          ],
        },
      ],
      notes: [
        "Every trial draws fresh points; errors are those between trials.",
        "The spline's number of knots is not documented in the paper; 100 Gaussian control points are used.",
      ],
    };
  },
};
