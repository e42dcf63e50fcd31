import type { Experiment } from "@lab/core/experiment";
import { paper } from "./paper.js";
import { type ProjectionRow, projectionStudy } from "./studies.js";

/** Extreme points of the cube's vertices after random projections: a picture in 2-D hides that all were extreme. */
export const hullCube: Experiment<{ cubes: number[]; targets: number[] }, { rows: ProjectionRow[] }> = {
  name: "hull-cube",
  paper,
  claim:
    "Projections to few dimensions turn extreme points into inner ones and suggest interpolation that is not there.",
  estimate: { quick: 3, full: 60 },
  isMain: false,
  params: (mode) => ({ cubes: mode === "quick" ? [8, 12] : [8, 10, 12, 13], targets: [2, 3, 4] }),
  async run({ params, seed, signal, onProgress }) {
    const rows: ProjectionRow[] = [];
    for await (const row of projectionStudy({ ...params, seed, signal })) {
      rows.push(row);
      onProgress({ done: rows.length, total: params.cubes.length * params.targets.length });
    }
    return { rows };
  },
  summarise(runs) {
    const { rows } = runs[0]!.result;
    const isExact = runs.every(({ result }) =>
      result.rows.every(({ extreme, expected }) => extreme === expected),
    );
    const targets = [...new Set(rows.map(({ k }) => k))];
    const cubes = [...new Set(rows.map(({ d }) => d))];
    return {
      verdict: isExact ? "reproduced" : "failed",
      paperValue: "figure 5: most of the 2^d vertices fall inside the hull in two dimensions",
      measured: rows.map(({ d, k, extreme }) => `${extreme} of ${2 ** d} in ${k} dimensions`).join(", "),
      table: rows.map(({ d, k, extreme, expected }) => ({
        "cube d": d,
        "projected to": k,
        vertices: 2 ** d,
        "still extreme": extreme,
        "exact count": expected,
      })),
      figures: [
        {
          kind: "bars",
          title: "Vertices of the cube that remain extreme after a random projection",
          categories: targets.map((k) => `${k} dimensions`),
          y: { label: "share still extreme (%)" },
          series: cubes.map((d) => ({
            name: `d = ${d}`,
            y: targets.map((k) => {
              const row = rows.find((r) => r.d === d && r.k === k);
              return row === undefined ? null : (100 * row.extreme) / 2 ** d;
            }),
          })),
        },
      ],
      notes: [
        "All vertices are extreme in d dimensions; the exact count is 2 Σ C(d − 1, i) over i below the target.",
      ],
    };
  },
};
