import type { Experiment } from "@lab/core/experiment";
import type { PointArray } from "../points/points.js";
import { blockMean } from "../subspaces/images.js";
import { pca } from "../subspaces/linear.js";
import type { Subspace } from "../subspaces/subspace.js";
import { paper } from "./paper.js";
import { loadPixels } from "./pixels.js";
import { type SubspaceRow, subspaceStudy } from "./studies.js";

interface FullParams {
  numTrain: number;
  numTest: number;
  components: number[];
  sizes: number[];
}

// Inside counts of 1000 test images and the first 9000 training images of MNIST; two queries either way.
const REFERENCE: Record<string, number> = {
  "PCA 2": 1000,
  "PCA 4": 965,
  "PCA 6": 777,
  "PCA 8": 455,
  "PCA 10": 166,
  "PCA 15": 3,
  "PCA 20": 0,
  "means 2×2": 976,
  "means 4×4": 264,
  "means 7×7": 4,
  "means 14×14": 0,
};

/** The other panels of figure 3: principal components and smoothed, subsampled pixels. */
export const hullFull: Experiment<FullParams, { data: string; numTrain: number; rows: SubspaceRow[] }> = {
  name: "hull-full",
  paper,
  claim:
    "The collapse of interpolation with dimension holds for principal components and smoothed pixels alike.",
  estimate: { quick: 60, full: 600 },
  isMain: false,
  params: (mode) => ({
    numTrain: mode === "quick" ? 9000 : 60_000,
    numTest: 1000,
    components: [2, 4, 6, 8, 10, 15, 20],
    sizes: [2, 4, 7, 14],
  }),
  async run({ params, data, signal, onProgress }) {
    const pixels = await loadPixels(data, params.numTrain, params.numTest);
    const { size, numTrain, numTest } = pixels;
    const d = size * size;
    const train: PointArray = { data: pixels.train, shape: [numTrain, d] };
    const test: PointArray = { data: pixels.test, shape: [numTest, d] };
    const largest = Math.max(...params.components);
    const whole = await pca(train, { components: largest });
    const components = params.components.map((k) => [`PCA ${k}`, firstOf(whole, k)] as const);
    const means = params.sizes.map(
      (s) => [`means ${s}×${s}`, blockMean({ shape: [size, size, 1], size: s })] as const,
    );
    const rows: SubspaceRow[] = [];
    for await (const row of subspaceStudy(train, test, [...components, ...means], { signal })) {
      rows.push(row);
      onProgress({ done: rows.length, total: components.length + means.length, message: row.subspace });
    }
    return { data: pixels.name, numTrain, rows };
  },
  summarise(runs) {
    const { data, numTrain, rows } = runs[0]!.result;
    const groups = ["PCA", "means"].map((name) => rows.filter(({ subspace }) => subspace.startsWith(name)));
    const isFalling = groups.every((group) =>
      group.every((row, i) => i === 0 || row.inside <= group[i - 1]!.inside),
    );
    const isDecided = rows.every(({ boundary }) => boundary === 0);
    const endsLow = groups.every((group) => (group.at(-1)?.rate ?? 0) <= 0.01);
    const isReference = data === "mnist" && numTrain === 9000 && rows[0]?.total === 1000;
    const isClose =
      !isReference ||
      rows.every((row) => Math.abs(row.inside - (REFERENCE[row.subspace] ?? row.inside)) <= 2);
    const verdict = !isDecided || !isClose ? "failed" : isFalling && endsLow ? "reproduced" : "partly";
    const percent = (value: number) => Math.round(1000 * value) / 10;
    return {
      verdict,
      paperValue: "figure 3: all three ways of growing the dimension end at 0",
      measured: rows.map(({ subspace, rate }) => `${subspace} ${percent(rate)} %`).join(", "),
      table: rows.map(({ subspace, dimension, rate, interval, boundary, duplicates, meanPasses }) => ({
        subspace,
        dimension,
        "inside %": percent(rate),
        "95 % interval": `${percent(interval[0])} to ${percent(interval[1])}`,
        duplicates,
        undecided: boundary,
        "mean passes": Math.round(100 * meanPasses) / 100,
      })),
      figures: [
        {
          kind: "line",
          title: "Share of test images inside, by subspace",
          x: { label: "dimension", scale: "log" },
          y: { label: "share inside (%)", domain: [0, 100] },
          series: groups.map((group, i) => ({
            name: i === 0 ? "principal components" : "block means",
            x: group.map(({ dimension }) => dimension),
            y: group.map(({ rate }) => percent(rate)),
            low: group.map(({ interval }) => percent(interval[0])),
            high: group.map(({ interval }) => percent(interval[1])),
          })),
        },
      ],
      notes: [
        `Data: ${data}, the first ${numTrain} training and ${rows[0]?.total ?? 0} test images; components are fitted on training images only.`,
      ],
    };
  },
};

/** The first k columns of a subspace. */
function firstOf(whole: Subspace, k: number): Subspace {
  return {
    dim: k,
    toJSON: () => whole.toJSON(),
    apply: ((x: PointArray) => {
      const { data, shape } = whole.apply({ data: Float64Array.from(x.data), shape: x.shape } as PointArray);
      const out = new Float64Array(shape[0] * k);
      for (let i = 0; i < shape[0]; i++) {
        for (let c = 0; c < k; c++) out[i * k + c] = data[i * whole.dim + c]!;
      }
      return { data: out, shape: [shape[0], k] };
    }) as Subspace["apply"],
  };
}
