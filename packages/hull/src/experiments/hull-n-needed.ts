import type { Experiment } from "@lab/core/experiment";
import { baranyFurediRate } from "../theory/index.js";
import { paper } from "./paper.js";
import { type SampleSizeRow, sampleSizeStudy } from "./studies.js";

interface NeededParams {
  gaussian: number[];
  ball: number[];
}

/** Samples needed to interpolate with a given probability, exactly, and the growth per dimension. */
export const hullNNeeded: Experiment<NeededParams, { rows: SampleSizeRow[] }> = {
  name: "hull-n-needed",
  paper,
  claim:
    "The number of samples needed for a fresh one to be interpolated grows exponentially with the dimension.",
  estimate: { quick: 8, full: 40 },
  isMain: false,
  params: (mode) => ({
    gaussian: mode === "quick" ? [2, 5, 10, 20, 30, 40] : [2, 5, 10, 15, 20, 25, 30, 40, 50, 60],
    ball: mode === "quick" ? [2, 4, 6, 8] : [2, 3, 4, 5, 6, 7, 8, 9, 10],
  }),
  async run({ params, signal, onProgress }) {
    const rows: SampleSizeRow[] = [];
    const total = 4 * (params.gaussian.length + params.ball.length);
    for (const law of ["gaussian", "ball"] as const) {
      const study = sampleSizeStudy({
        laws: [law],
        dimensions: params[law],
        probabilities: [0.1, 0.5, 0.9],
        signal,
      });
      for await (const row of study) {
        rows.push(row);
        onProgress({ done: rows.length, total });
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
    return { rows };
  },
  summarise(runs) {
    const { rows } = runs[0]!.result;
    const half = rows.filter(({ law, probability }) => law === "gaussian" && probability === 0.5);
    // Factor for each dimension between neighbouring entries: exponential growth keeps it above 1, it tends to √e.
    const growth = half.slice(1).map((row, i) => (row.n / half[i]!.n) ** (1 / (row.d - half[i]!.d)));
    const isExponential = growth.every((factor) => factor > 1.5) && (growth.at(-1) ?? 0) < 2.2;
    const series = (law: SampleSizeRow["law"], probability: number | null, name: string) => {
      const chosen = rows.filter((row) => row.law === law && row.probability === probability);
      return { name, x: chosen.map(({ d }) => d), y: chosen.map(({ n }) => n) };
    };
    const dimensions = half.map(({ d }) => d);
    return {
      verdict: isExponential ? "reproduced" : "failed",
      paperValue: "theorem 1: exponential in the dimension (printed: N > 2^{d/2}/d)",
      measured: `half of Gaussian samples inside: ${half.map(({ d, n }) => `d ${d} N ${n.toPrecision(4)}`).join(", ")}; factor per dimension at the end ${growth.at(-1)?.toFixed(2)}`,
      table: rows.map(({ law, d, probability, n }) => ({
        law,
        d,
        event: probability === null ? "convex position lost" : `fresh sample inside with ${probability}`,
        N: Number(n.toPrecision(5)),
      })),
      figures: [
        {
          kind: "line",
          title: "Samples needed",
          x: { label: "dimension d" },
          y: { label: "number of points N", scale: "log" },
          series: [
            series("gaussian", 0.1, "Gaussian, inside with 0.1"),
            series("gaussian", 0.5, "Gaussian, inside with 0.5"),
            series("gaussian", 0.9, "Gaussian, inside with 0.9"),
            series("gaussian", null, "Gaussian, convex position lost"),
            series("ball", 0.5, "ball, inside with 0.5"),
            series("ball", null, "ball, convex position lost"),
            {
              name: "2^{d/2}/d as printed",
              x: dimensions,
              y: dimensions.map(baranyFurediRate),
              dashed: true,
            },
          ],
        },
      ],
      notes: [
        "Exact probabilities, no sampling.",
        "The threshold printed in theorem 1 is about all points being in convex position and omits a polynomial factor; a fresh sample needs far more points: P_in(51, 20) of the ball is 2.8e-13.",
      ],
    };
  },
};
