import * as tf from "@tensorflow/tfjs-core";
import { linearDecoder, mlpDecoder } from "../decoders/index.js";
import { codeStats } from "../diagnostics/index.js";
import { curvePoint } from "../evaluation/denoise.js";
import { psnr } from "../evaluation/index.js";
import { unitDecodings } from "../figures/index.js";
import { SparseAutoencoder, type TrainOptions } from "../training/index.js";
import type { TrainingData } from "./training-data.js";

/** State of an arm at a step, from the inferred codes of a training batch. */
export interface TracePoint {
  step: number;
  meanL1: number;
  iterations: number;
}

/** One trained arm; statistics are of inferred codes of held-out batches. */
export interface ArmResult {
  arm: string;
  lambda: number;
  meanL1: number;
  medianStd: number;
  /** Median deviation at which hinge and l1 norm balance, from the same codes. */
  predictedStd: number | null;
  atomNorm: number;
  zeros: number;
  inferredPsnr: number;
  /** Of codes by the lasso: inference without variance and prediction terms. */
  inferredZeros: number;
  lassoPsnr: number;
  encoderZeros: number;
  encoderPsnr: number;
  maxCorrelation: number;
  dead: number;
  trace: TracePoint[];
  stds: number[];
  /** Norms of all atoms are equal or not; the atoms themselves, by row. */
  atoms: number[][];
}

const median = (values: ArrayLike<number>) => {
  const sorted = Array.from(values).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

/** Builds the model of some options for data of a width. */
export function buildModel(options: TrainOptions, dataDim: number, seed: number): SparseAutoencoder {
  const codeDim = options.codeDim ?? 64;
  const norm = options.columnNorm === undefined ? {} : { columnNorm: options.columnNorm };
  const hidden = options.hidden ?? [];
  const decoder =
    hidden.length > 0
      ? mlpDecoder({ codeDim, hidden, dataDim, seed, ...norm })
      : linearDecoder({ codeDim, dataDim, seed, ...norm });
  return new SparseAutoencoder({ ...options, decoder, seed });
}

/** Trains a model for a number of steps. */
export async function trainModel(
  model: SparseAutoencoder,
  data: Pick<TrainingData, "train">,
  steps: number,
  hooks: { signal: AbortSignal; checkpoint?: string; onStep?: (step: number) => void },
): Promise<TracePoint[]> {
  const trace: TracePoint[] = [];
  const perEpoch = Math.floor(data.train.shape[0] / (model.options.batchSize ?? 250));
  await model.fit(data.train, {
    epochs: Math.ceil(steps / perEpoch),
    signal: hooks.signal,
    ...(hooks.checkpoint === undefined ? {} : { checkpoint: hooks.checkpoint }),
    onStep: (step, report) => {
      if (step % 10 === 1) trace.push({ step, meanL1: report.meanL1, iterations: report.iterations });
      hooks.onStep?.(step);
    },
  });
  return trace;
}

/** Measures a trained model on held-out data. */
export async function measure(
  model: SparseAutoencoder,
  arm: string,
  data: TrainingData,
  trace: TracePoint[],
): Promise<ArmResult> {
  const size = Math.min(model.options.batchSize ?? 250, data.test.shape[0]);
  const groups = Math.floor(data.test.shape[0] / size);
  const test = tf.slice(data.test, [0, 0], [groups * size, data.test.shape[1]]);
  // The energy of the training, in batches of its size: the deviations of 2.4 are those of a batch.
  const found = await model.infer(test, { groups, tolerance: 1e-4 });
  const stats = await codeStats(found.codes);
  const decoded = model.decode(found.codes);
  const units = unitDecodings(model.decoder);
  const columns = await units.data();
  const [dim, l] = units.shape;
  const atoms = Array.from({ length: l }, (_, j) =>
    Array.from({ length: dim }, (_, k) => columns[k * l + j]!),
  );
  const { sparsity, varianceThreshold = 0.5, varianceWeightPerSample } = model.options;
  const variance =
    varianceWeightPerSample === undefined ? (model.options.variance ?? 0) : varianceWeightPerSample * size;
  const balanced = Array.from(stats.std, (s, j) => {
    if (s === 0) return 0;
    // s = T - λ N ρ / (2 β), ρ = mean |z| / s
    const rho = stats.l1[j]! / stats.rows / s;
    return Math.max(0, varianceThreshold - (sparsity * size * rho) / (2 * variance));
  });
  const lasso = await curvePoint(model, sparsity, test, data.scale);
  const result: ArmResult = {
    arm,
    lambda: sparsity,
    meanL1: stats.meanL1,
    medianStd: median(stats.std),
    predictedStd: variance > 0 ? median(balanced) : null,
    atomNorm: median(atoms.map((atom) => Math.hypot(...atom))),
    zeros: stats.zeros,
    inferredPsnr: (await psnr(test, decoded, { scale: data.scale })).mean,
    inferredZeros: lasso.inferredZeros,
    lassoPsnr: lasso.inferredPsnr,
    encoderZeros: lasso.encodedZeros,
    encoderPsnr: lasso.encodedPsnr,
    maxCorrelation: stats.maxCorrelation,
    dead: stats.dead.length,
    trace,
    stds: Array.from(stats.std),
    atoms: atoms.slice(0, 40).map((atom) => atom.map((v) => Number(v.toPrecision(4)))),
  };
  tf.dispose([test, decoded, units]);
  found.dispose();
  return result;
}
