import type { Experiment, ExperimentContext, Row, Run, Summary, Verdict } from "@lab/core/experiment";
import * as tf from "@tensorflow/tfjs-core";
import { preset } from "../training/index.js";
import { paper } from "./paper.js";
import { storedResult } from "./stored-result.js";
import { buildModel, measure, trainModel } from "./train-arm.js";
import { strokeData } from "./training-data.js";

/** One setting of the sweep. */
export interface SweepSetting {
  /** Weight of the l1 norm. */
  lambda: number;
  /** Rows N of a batch. */
  batchSize: number;
  /** Whether $\beta/N$ is kept instead of $\beta$. */
  isPerSample: boolean;
}

/** Parameters of the sweep. */
export interface SweepParams {
  /** Updates of each model. */
  steps: number;
  /** The settings. */
  settings: SweepSetting[];
}

/** Outcome of a setting. */
export interface SweepPoint extends SweepSetting {
  /** Median deviation of the inferred codes on held-out data. */
  measured: number;
  /** Where l1 norm and hinge balance. */
  predicted: number;
  zeros: number;
  psnr: number;
}

/** Result of one seed. */
export interface SweepResult {
  data: string;
  points: SweepPoint[];
}

/** The protocol's batch and weight of the hinge. */
const ROWS = 250;
const HINGE = 10;

async function run(context: ExperimentContext<SweepParams>): Promise<SweepResult> {
  const { params, seed, signal, onProgress, store } = context;
  const data = strokeData();
  const total = params.settings.length * params.steps;
  const points: SweepPoint[] = [];
  try {
    for (const [i, setting] of params.settings.entries()) {
      const { lambda, batchSize, isPerSample } = setting;
      const key = `${lambda}-${batchSize}${isPerSample ? "-per-sample" : ""}`;
      const point = await storedResult(store, key, async (checkpoint) => {
        const options = {
          ...preset("VDL", "strokes"),
          ...{ sparsity: lambda, batchSize, seed },
          ...(isPerSample ? { varianceWeightPerSample: HINGE / ROWS } : { variance: HINGE }),
        };
        const model = buildModel(options, data.side ** 2, seed);
        try {
          const trace = await trainModel(model, data, params.steps, {
            signal,
            ...(checkpoint === undefined ? {} : { checkpoint }),
            onStep: (step) =>
              onProgress({ done: Math.min(total, i * params.steps + step), total, message: key }),
          });
          const figures = await measure(model, key, data, trace);
          const { medianStd, predictedStd, zeros, inferredPsnr } = figures;
          return { ...setting, measured: medianStd, predicted: predictedStd!, zeros, psnr: inferredPsnr };
        } finally {
          model.dispose();
        }
      });
      points.push(point);
      onProgress({ done: Math.min(total, (i + 1) * params.steps), total, message: key });
    }
  } finally {
    tf.dispose([data.train, data.test]);
  }
  return { data: data.name, points };
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Gate: relative distance of measured and predicted deviation. */
const GATE = 0.1;

/** Relative distance of the measured from the predicted deviation for each setting, means over the seeds. */
export function distances(runs: readonly Run<SweepResult>[]): number[] {
  return runs[0]!.result.points.map((_, i) => {
    const of = (figure: (p: SweepPoint) => number) =>
      mean(runs.map(({ result }) => figure(result.points[i]!)));
    return Math.abs(of((p) => p.measured) / of((p) => p.predicted) - 1);
  });
}

/** Reproduced when every setting is near its prediction, partly when most are. */
export function sweepVerdict(values: readonly number[]): Verdict {
  const near = values.filter((value) => value <= GATE).length;
  if (near === values.length) return "reproduced";
  return 2 * near > values.length ? "partly" : "not at this scale";
}

function summarise(runs: readonly Run<SweepResult>[]): Summary {
  const first = runs[0]!.result;
  const far = distances(runs);
  const of = (i: number, figure: (p: SweepPoint) => number) =>
    mean(runs.map(({ result }) => figure(result.points[i]!)));
  const table: Row[] = first.points.map(({ lambda, batchSize, isPerSample }, i) => ({
    λ: lambda,
    N: batchSize,
    β: isPerSample ? (HINGE / ROWS) * batchSize : HINGE,
    "median deviation": Number(of(i, (p) => p.measured).toFixed(3)),
    "by theory": Number(of(i, (p) => p.predicted).toFixed(3)),
    "apart (%)": Number((100 * far[i]!).toFixed(1)),
    zeros: Number(of(i, (p) => p.zeros).toFixed(3)),
    "PSNR (dB)": Number(of(i, (p) => p.psnr).toFixed(2)),
  }));
  const predicted = first.points.map((_, i) => of(i, (p) => p.predicted));
  return {
    verdict: sweepVerdict(far),
    measured: `measured and predicted deviation are at most ${(100 * Math.max(...far)).toFixed(1)} % apart over ${far.length} settings`,
    table,
    figures: [
      {
        kind: "scatter",
        title: "Deviation of the codes, measured and by theory",
        caption: "Each point is a weight of the l1 norm and a batch size; the hinge asks for 0.5.",
        x: { label: "T − λNρ/(2β)" },
        y: { label: "median deviation, measured" },
        series: [
          { name: "settings", x: predicted, y: first.points.map((_, i) => of(i, (p) => p.measured)) },
          { name: "equal", x: predicted, y: predicted },
        ],
      },
    ],
    notes: [
      `Data: ${first.data}, ${runs.length} seed(s); inferred codes of held-out pictures in batches of the training's size.`,
      `Gate: within ${100 * GATE} % for every setting. The formula is derived, not the paper's: rescaling a component and its atom in opposite directions must not help.`,
      "A larger batch with the same β gives smaller deviations; with the same β/N it does not.",
    ],
  };
}

const plain = (lambda: number, batchSize = ROWS): SweepSetting => ({ lambda, batchSize, isPerSample: false });

/** Where hinge and l1 norm leave the codes, over weights and batch sizes. */
export const sweep: Experiment<SweepParams, SweepResult> = {
  name: "sparse-sweep",
  paper,
  claim:
    "The variance term holds each code component at a deviation that sparsity weight and batch size determine.",
  estimate: { quick: 45, full: 300 },
  seeds: { quick: 1, full: 3, paper: 3 },
  isMain: false,
  params: (mode) => {
    const settings = [plain(0.01), plain(0.02), plain(0.04), plain(0.02, 125), plain(0.02, 500)];
    if (mode === "quick") return { steps: 300, settings: settings.slice(0, 4) };
    return {
      steps: mode === "full" ? 1_500 : 6_000,
      settings: [
        plain(0.005),
        ...settings,
        plain(0.08),
        { lambda: 0.02, batchSize: 125, isPerSample: true },
        { lambda: 0.02, batchSize: 500, isPerSample: true },
      ],
    };
  },
  run,
  summarise,
};
