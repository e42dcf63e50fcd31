import type { Experiment } from "@lab/core/experiment";
import type { PointArray } from "../points/points.js";
import { blockMean } from "../subspaces/images.js";
import { pca } from "../subspaces/linear.js";
import { type PanelsResult, panelRows, summarisePanels } from "./panels.js";
import { paper } from "./paper.js";
import { loadPixels } from "./pixels.js";
import type { SubspaceRow } from "./studies.js";

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
export const hullFull: Experiment<FullParams, PanelsResult> = {
  name: "hull-full",
  paper,
  claim:
    "The collapse of interpolation with dimension holds for principal components and smoothed pixels alike.",
  estimate: { quick: 20, full: 600 },
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
    const means = params.sizes.map(
      (s) => [`means ${s}×${s}`, blockMean({ shape: [size, size, 1], size: s })] as const,
    );
    const rows: SubspaceRow[] = [];
    const total = params.components.length + means.length;
    for await (const row of panelRows(train, test, whole, params.components, means, signal)) {
      rows.push(row);
      onProgress({ done: rows.length, total, message: row.subspace });
    }
    return { data: pixels.name, numTrain, rows };
  },
  summarise: (runs) => summarisePanels(runs[0]!.result, REFERENCE, runs[0]!.result.numTrain === 9000, 1000),
};
