import type { Experiment, ExperimentContext, Row, Run, Summary, Verdict } from "@lab/core/experiment";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { type DenoiseReport, denoise } from "../evaluation/index.js";
import { picturesOf } from "../figures/index.js";
import { type Preset, type PresetData, preset, type SparseAutoencoder } from "../training/index.js";
import { paper } from "./paper.js";
import { storedResult } from "./stored-result.js";
import { buildModel, trainModel } from "./train-arm.js";
import { pictures, strokeData, type TrainingData } from "./training-data.js";

/** Parameters of the denoising experiment. */
export interface DenoisingParams {
  /** Pictures and the weights and rates that belong to them. */
  data: PresetData;
  /** Training and test pictures. */
  train: number;
  test: number;
  /** Updates of each model. */
  steps: number;
  /** The models, each with the weight of its l1 norm. */
  lambdas: Partial<Record<Preset, number>>;
  /** Deviations of the noise, in the units of the standardised data. */
  sigmas: number[];
}

/** One model after training. */
export interface DenoisingArm {
  model: Preset;
  lambda: number;
  /** One report for each deviation. */
  reports: (DenoiseReport & { sigma: number })[];
  /** Clean, noisy and denoised pictures at the largest deviation, by row. */
  pictures: number[][];
}

/** Result of one seed. */
export interface DenoisingResult {
  data: string;
  side: number;
  arms: DenoisingArm[];
}

const SHOWN = 6;

async function run(context: ExperimentContext<DenoisingParams>): Promise<DenoisingResult> {
  const { params, seed, signal, onProgress, store } = context;
  const data =
    params.data === "strokes" ? strokeData(params) : await pictures(context.data.dir, seed, params);
  const models = Object.entries(params.lambdas) as [Preset, number][];
  const total = models.length * params.steps;
  const arms: DenoisingArm[] = [];
  try {
    for (const [i, [model, lambda]] of models.entries()) {
      const arm = await storedResult(store, model, async (checkpoint) => {
        const options = { ...preset(model, params.data), sparsity: lambda, seed };
        const autoencoder = buildModel(options, data.side ** 2, seed);
        try {
          await trainModel(autoencoder, data, params.steps, {
            signal,
            ...(checkpoint === undefined ? {} : { checkpoint }),
            onStep: (step) =>
              onProgress({ done: Math.min(total, i * params.steps + step), total, message: model }),
          });
          return await judge(autoencoder, model, lambda, data, params.sigmas, seed);
        } finally {
          autoencoder.dispose();
        }
      });
      arms.push(arm);
      onProgress({ done: Math.min(total, (i + 1) * params.steps), total, message: model });
    }
  } finally {
    tf.dispose([data.train, data.test]);
  }
  return { data: data.name, side: data.side, arms };
}

async function judge(
  m: SparseAutoencoder,
  model: Preset,
  lambda: number,
  data: TrainingData,
  sigmas: readonly number[],
  seed: number,
): Promise<DenoisingArm> {
  const reports: DenoisingArm["reports"] = [];
  for (const sigma of sigmas) {
    reports.push({ sigma, ...(await denoise(m, data.test, { sigma, seed, scale: data.scale })) });
  }
  const dim = data.side ** 2;
  const shown = tf.tidy(() => {
    const clean = tf.slice(data.test, [0, 0], [SHOWN, dim]);
    const noise = new Generator(seed).normal([SHOWN, dim], 0, Math.max(...sigmas));
    const noisy = tf.add(clean, noise) as tf.Tensor2D;
    return tf.concat([clean, noisy, m.decode(m.encode(noisy))]);
  });
  const values = await shown.data();
  shown.dispose();
  const rows = Array.from({ length: 3 * SHOWN }, (_, n) =>
    Array.from(values.subarray(n * dim, (n + 1) * dim), (v) => Number(v.toPrecision(3))),
  );
  return { model, lambda, reports, pictures: rows };
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Gate: decibels by which the variance-regularised models must be better, at the first deviation. */
const GATE = 0.2;

/** Best denoising with the variance term minus best denoising without, at the first deviation, mean over the seeds. */
export function advantage(runs: readonly Run<DenoisingResult>[]): number {
  const best = (result: DenoisingResult, isHeld: boolean) =>
    Math.max(
      ...result.arms
        .filter(({ model }) => model.startsWith("VDL") === isHeld)
        .map(({ reports }) => reports[0]!.denoisedPsnr),
    );
  return mean(runs.map(({ result }) => best(result, true) - best(result, false)));
}

/** Reproduced when the variance term helps by the gate, partly when it helps. */
export function denoisingVerdict(gain: number): Verdict {
  if (gain >= GATE) return "reproduced";
  return gain > 0 ? "partly" : "not at this scale";
}

function summarise(runs: readonly Run<DenoisingResult>[]): Summary {
  const first = runs[0]!.result;
  const gain = advantage(runs);
  const sigmas = first.arms[0]!.reports.map(({ sigma }) => sigma);
  const of = (arm: number, i: number, figure: (r: DenoiseReport) => number) =>
    mean(runs.map(({ result }) => figure(result.arms[arm]!.reports[i]!)));
  const table: Row[] = first.arms.flatMap(({ model, lambda }, arm) =>
    sigmas.map((sigma, i) => ({
      model,
      λ: lambda,
      σ: sigma,
      "noisy (dB)": Number(of(arm, i, (r) => r.noisyPsnr).toFixed(2)),
      "denoised (dB)": Number(of(arm, i, (r) => r.denoisedPsnr).toFixed(2)),
      "from clean data (dB)": Number(of(arm, i, (r) => r.cleanPsnr).toFixed(2)),
      "zeros, noisy": Number(of(arm, i, (r) => r.noisyZeros).toFixed(3)),
      "zeros, clean": Number(of(arm, i, (r) => r.cleanZeros).toFixed(3)),
    })),
  );
  const shown = first.arms.at(-1)!;
  return {
    verdict: denoisingVerdict(gain),
    paperValue: "codes of variance-regularised models denoise better",
    measured: `at σ = ${sigmas[0]} the best model with the variance term denoises ${Math.abs(gain).toFixed(2)} dB ${gain >= 0 ? "better" : "worse"} than the best without`,
    table,
    figures: [
      {
        kind: "bars",
        title: `Denoising by the encoder's codes, σ = ${sigmas[0]}`,
        categories: first.arms.map(({ model }) => model),
        y: { label: "PSNR (dB)" },
        series: [
          { name: "noisy", y: first.arms.map((_, arm) => of(arm, 0, (r) => r.noisyPsnr)) },
          { name: "denoised", y: first.arms.map((_, arm) => of(arm, 0, (r) => r.denoisedPsnr)) },
        ],
      },
      picturesOf(shown.pictures, {
        height: first.side,
        width: first.side,
        title: `Clean, noisy and denoised by ${shown.model}`,
        caption: `σ = ${Math.max(...sigmas)}; grey is the value 0 of the standardised data.`,
        columns: SHOWN,
      }),
    ],
    notes: [
      `Data: ${first.data}, ${runs.length} seed(s). Codes come from the encoder alone, as in the paper.`,
      `Gate: ${GATE} dB between the best models with and without the variance term, at the first deviation.`,
      "Weights are those of the presets: the models differ in sparsity, so this does not separate the two.",
    ],
  };
}

/** Denoising with codes of the encoder. */
export const denoising: Experiment<DenoisingParams, DenoisingResult> = {
  name: "sparse-denoise",
  paper,
  claim: "Codes of variance-regularised models remove noise better than those of norm-constrained ones.",
  estimate: { quick: 60, full: 700 },
  seeds: { quick: 1, full: 3, paper: 3 },
  isMain: false,
  params: (mode) => {
    if (mode === "paper") {
      const lambdas = { SDL: 0.005, "SDL-NL": 0.01, VDL: 0.02, "VDL-NL": 0.01 };
      return { data: "mnist", train: 55_000, test: 5_000, steps: 44_000, lambdas, sigmas: [1] };
    }
    const size = { data: "strokes", train: 5_000, test: 1_000 } as const;
    return mode === "quick"
      ? { ...size, steps: 200, lambdas: { SDL: 0.005, VDL: 0.02, "VDL-NL": 0.02 }, sigmas: [1, 0.5] }
      : {
          ...size,
          steps: 1_500,
          lambdas: { SDL: 0.005, "SDL-NL": 0.01, VDL: 0.02, "VDL-NL": 0.02 },
          sigmas: [1, 0.5, 2],
        };
  },
  run,
  summarise,
};
