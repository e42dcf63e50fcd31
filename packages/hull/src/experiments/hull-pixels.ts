import type { Experiment, ExperimentContext, Run, Summary } from "@lab/core/experiment";
import { ConvexHull } from "../hull/convex-hull.js";
import { gaussianHullProbability } from "../theory/gaussian.js";
import { verifyCertificate } from "../verify/verify-certificate.js";
import { paper } from "./paper.js";
import { centralPixels, loadPixels } from "./pixels.js";

interface PixelsParams {
  numTrain: number;
  numTest: number;
  /** Sides of the central crops. */
  sides: number[];
  /** Every how many certificates one is checked by the verifier. */
  verifyEvery: number;
}

interface PixelsRow {
  side: number;
  dimension: number;
  inside: number;
  duplicates: number;
  outside: number;
  undecided: number;
  total: number;
  low: number;
  high: number;
  /** Certificates given to the verifier, and those it refused. */
  verified: number;
  refused: number;
  /** Queries decided by a single product with all rows, or by column ranges. */
  byOneProduct: number;
}

interface PixelsResult {
  data: string;
  numTrain: number;
  rows: PixelsRow[];
}

// Counts on the first 9000 training and 1000 test images of MNIST in exact arithmetic (inside, duplicates).
const REFERENCE: Record<number, [number, number]> = {
  2: [993, 496],
  3: [795, 293],
  4: [319, 136],
  5: [174, 82],
  6: [74, 41],
  7: [22, 13],
  8: [16, 9],
  10: [0, 0],
  28: [0, 0],
};

async function run(context: ExperimentContext<PixelsParams>): Promise<PixelsResult> {
  const { params, data, signal, onProgress } = context;
  const pixels = await loadPixels(data, params.numTrain, params.numTest);
  const { numTrain, numTest, size } = pixels;
  const rows: PixelsRow[] = [];
  const total = params.sides.length * numTest;
  for (const side of params.sides) {
    const dimension = side * side;
    const train = {
      data: centralPixels(pixels.train, numTrain, size, side),
      shape: [numTrain, dimension] as const,
    };
    const test = centralPixels(pixels.test, numTest, size, side);
    const hull = await ConvexHull.from(train, { signal });
    const before = rows.length * numTest;
    const result = await hull.contains(
      { data: test, shape: [numTest, dimension] },
      {
        signal,
        onProgress: ({ done }) => onProgress({ done: before + done, total, message: `${dimension} pixels` }),
      },
    );
    hull.dispose();
    let verified = 0;
    let refused = 0;
    for (let i = 0; i < numTest; i += params.verifyEvery) {
      const query = test.subarray(i * dimension, (i + 1) * dimension);
      if (result.status[i] === "boundary") continue;
      verified++;
      if (!(await verifyCertificate(train, query, result.certificate(i))).ok) refused++;
      signal.throwIfAborted();
    }
    const { inside, duplicates, outside, boundary, interval } = result.rate;
    rows.push({
      side,
      dimension,
      inside,
      duplicates,
      outside,
      undecided: boundary,
      total: numTest,
      low: interval[0],
      high: interval[1],
      verified,
      refused,
      byOneProduct: result.stats.decidedAtStage[0]! + result.stats.decidedAtStage[1]!,
    });
  }
  return { data: pixels.name, numTrain, rows };
}

/** Reproduced: the share starts high, never rises with the dimension, ends at 0, and every verdict is proven. */
function judge({ rows, data, numTrain }: PixelsResult): Summary["verdict"] {
  const sorted = [...rows].sort((a, b) => a.dimension - b.dimension);
  const first = sorted[0]!;
  const last = sorted.at(-1)!;
  const isProven = rows.every(({ undecided, refused }) => undecided === 0 && refused === 0);
  const isFalling = sorted.every((row, i) => i === 0 || row.inside <= sorted[i - 1]!.inside);
  const isExtrapolation = rows
    .filter(({ dimension }) => dimension >= 196)
    .every(({ inside }) => inside === 0);
  if (!isProven || !isExtrapolation || last.inside > 0.01 * last.total) return "failed";
  if (!isFalling || first.inside < 0.9 * first.total) return "partly";
  if (data === "mnist" && numTrain === 9000 && first.total === 1000) {
    const isExact = rows.every(({ side, inside, duplicates }) => {
      const expected = REFERENCE[side];
      return expected === undefined || (expected[0] === inside && expected[1] === duplicates);
    });
    return isExact ? "reproduced" : "failed";
  }
  return "reproduced";
}

function summarise(runs: readonly Run<PixelsResult>[]): Summary {
  const { data, numTrain, rows } = runs[0]!.result;
  const last = rows.at(-1)!;
  const verified = rows.reduce((sum, row) => sum + row.verified, 0);
  const percent = (value: number, total: number) => Math.round((1000 * value) / total) / 10;
  const theoryX = rows.filter(({ dimension }) => dimension <= 100).map(({ dimension }) => dimension);
  return {
    verdict: judge(runs[0]!.result),
    paperValue: "figure 3: the share in the hull falls to 0 as pixels are added",
    measured: rows.map((row) => `${row.dimension} pixels ${percent(row.inside, row.total)} %`).join(", "),
    table: rows.map((row) => ({
      pixels: row.dimension,
      "inside %": percent(row.inside, row.total),
      "of these duplicates %": percent(row.duplicates, row.total),
      "95 % interval": `${percent(row.low, 1)} to ${percent(row.high, 1)}`,
      undecided: row.undecided,
      "by one product %": percent(row.byOneProduct, row.total),
      "certificates checked": row.verified,
      refused: row.refused,
    })),
    figures: [
      {
        kind: "line",
        title: "Test images inside the hull of the training images",
        caption: `Central crops of ${data}, ${numTrain} training and ${last.total} test images; every verdict is proven. Dashed: independent Gaussian samples of the same number and dimension.`,
        x: { label: "pixels (dimension)", scale: "log" },
        y: { label: "share inside (%)", domain: [0, 100] },
        series: [
          {
            name: data,
            x: rows.map(({ dimension }) => dimension),
            y: rows.map(({ inside, total }) => percent(inside, total)),
            low: rows.map(({ low }) => 100 * low),
            high: rows.map(({ high }) => 100 * high),
          },
          {
            name: "without exact duplicates",
            x: rows.map(({ dimension }) => dimension),
            y: rows.map(({ inside, duplicates, total }) => percent(inside - duplicates, total - duplicates)),
          },
          {
            name: "Gaussian, exact",
            x: theoryX,
            y: theoryX.map((d) => 100 * gaussianHullProbability({ n: numTrain, d })),
            dashed: true,
          },
        ],
      },
    ],
    notes: [
      `Data: ${data}, whole-number pixels, the first ${numTrain} training and ${last.total} test images.`,
      `Every verdict carries a certificate; ${verified} of them were given to the independent verifier.`,
      `${percent(last.inside, last.total)} % at ${last.dimension} pixels means at most ${percent(last.high, 1)} % at 95 % confidence, the training set being given.`,
      "Small crops hold many exact duplicates of training crops; they count as inside and are listed apart.",
    ],
  };
}

/** Share of test images in the hull of the training images against the number of central pixels. */
export const hullPixels: Experiment<PixelsParams, PixelsResult> = {
  name: "hull-pixels",
  paper,
  claim:
    "New samples practically never lie in the convex hull of the training set once the dimension is high.",
  estimate: { quick: 30, full: 900 },
  isMain: true,
  params: (mode) => ({
    numTrain: mode === "quick" ? 9000 : 60_000,
    numTest: mode === "quick" ? 1000 : 10_000,
    sides: [2, 3, 4, 5, 6, 7, 8, 10, 28],
    verifyEvery: 20,
  }),
  run,
  summarise,
};
