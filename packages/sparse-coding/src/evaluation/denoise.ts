import { checkChoice, checkInteger, checkNumber, checkShape, tidyAsync } from "@lab/core";
import { linearProbe as softmaxProbe } from "@lab/core/metrics";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { codeStats } from "../diagnostics/code-stats.js";
import type { SparseAutoencoder } from "../training/index.js";
import { psnr } from "./psnr.js";

/** Options of {@link denoise}. */
export interface DenoiseOptions {
  /** Deviation of the noise in the units of the (standardised) data. */
  sigma: number;
  /** Seed of the noise. */
  seed: number;
  /** Where codes come from. @defaultValue `"encoder"`, as in the paper */
  codes?: "encoder" | "inference";
  /** What the data were divided by, for decibels of the original values. @defaultValue 1 */
  scale?: number;
}

/** How well noise is removed; decibels are means over samples. */
export interface DenoiseReport {
  /** Of the noisy data. */
  noisyPsnr: number;
  /** Of the reconstruction from noisy data. */
  denoisedPsnr: number;
  /** Of the reconstruction from clean data. */
  cleanPsnr: number;
  /** Share of zeros of the noisy data's codes. */
  noisyZeros: number;
  /** Share of zeros of the clean data's codes. */
  cleanZeros: number;
}

/**
 * Adds noise, codes, decodes, and compares with the clean data.
 *
 * @param m - A trained autoencoder.
 * @param y - Clean data, `[N, d]`.
 * @param o - See {@link DenoiseOptions}.
 * @returns See {@link DenoiseReport}.
 * @throws {@link ShapeError}, {@link ArgumentError} for arguments that do not fit.
 */
export async function denoise(
  m: SparseAutoencoder,
  y: tf.Tensor2D,
  o: DenoiseOptions,
): Promise<DenoiseReport> {
  checkShape("denoise", "y", y, [null, m.decoder.dataDim]);
  const sigma = checkNumber("denoise", "sigma", o.sigma, { min: 0 });
  const from = checkChoice("denoise", "codes", o.codes ?? "encoder", ["encoder", "inference"]);
  const scale = o.scale ?? 1;
  return tidyAsync(async (track) => {
    const noise = track(new Generator(o.seed).normal([...y.shape], 0, sigma));
    const noisy = track(tf.add(y, noise) as tf.Tensor2D);
    const coded = async (data: tf.Tensor2D) =>
      track(from === "encoder" ? m.encode(data) : (await m.infer(data)).codes);
    const judge = async (data: tf.Tensor2D) => {
      const codes = await coded(data);
      const decoded = track(m.decode(codes));
      const [{ mean }, { zeros }] = await Promise.all([psnr(y, decoded, { scale }), codeStats(codes)]);
      return { mean, zeros };
    };
    const [fromNoisy, fromClean, before] = [
      await judge(noisy),
      await judge(y),
      await psnr(y, noisy, { scale }),
    ];
    return {
      noisyPsnr: before.mean,
      denoisedPsnr: fromNoisy.mean,
      cleanPsnr: fromClean.mean,
      noisyZeros: fromNoisy.zeros,
      cleanZeros: fromClean.zeros,
    };
  });
}

/** A point of the curve of quality against sparsity. */
export interface CurvePoint {
  /** Weight of the l1 norm. */
  lambda: number;
  /** Seed of the training. */
  seed: number;
  /** Share of zeros of inferred codes. */
  inferredZeros: number;
  /** Decibels from inferred codes. */
  inferredPsnr: number;
  /** Share of zeros of predicted codes. */
  encodedZeros: number;
  /** Decibels from predicted codes. */
  encodedPsnr: number;
}

/** Options of {@link paretoCurve}. */
export interface ParetoCurveOptions {
  /** Weights of the l1 norm. */
  lambdas: number[];
  /** Seeds. */
  seeds: number[];
  /** Held-out data, `[N, d]`. */
  test: tf.Tensor2D;
  /** What the data were divided by. @defaultValue 1 */
  scale?: number;
  /** Stops between trainings. */
  signal?: AbortSignal;
}

/**
 * Quality against sparsity over a range of weights, with inferred codes (without the variance and prediction terms) and with
 * predicted ones.
 *
 * @param run - Trains an autoencoder; it is disposed after its points are taken.
 * @param o - See {@link ParetoCurveOptions}.
 * @returns Points in the order of the weights, then the seeds.
 */
export async function paretoCurve(
  run: (lambda: number, seed: number) => Promise<SparseAutoencoder>,
  o: ParetoCurveOptions,
): Promise<CurvePoint[]> {
  const points: CurvePoint[] = [];
  const scale = o.scale ?? 1;
  for (const lambda of o.lambdas) {
    for (const seed of o.seeds) {
      if (o.signal?.aborted) throw o.signal.reason;
      const m = await run(lambda, seed);
      try {
        points.push({ lambda, seed, ...(await curvePoint(m, lambda, o.test, scale)) });
      } finally {
        m.dispose();
      }
    }
  }
  return points;
}

/** Zeros and decibels of inferred and predicted codes on held-out data. */
export async function curvePoint(m: SparseAutoencoder, lambda: number, test: tf.Tensor2D, scale: number) {
  return tidyAsync(async (track) => {
    const encoded = track(m.encode(test));
    const { codes } = await m.infer(test, { sparsity: lambda, variance: 0, prediction: 0, tolerance: 1e-3 });
    track(codes);
    const [inferred, predicted] = [track(m.decode(codes)), track(m.decode(encoded))];
    return {
      inferredZeros: (await codeStats(codes)).zeros,
      inferredPsnr: (await psnr(test, inferred, { scale })).mean,
      encodedZeros: (await codeStats(encoded)).zeros,
      encodedPsnr: (await psnr(test, predicted, { scale })).mean,
    };
  });
}

/** Codes, or pixels, with classes. */
export interface ProbeSet {
  /** Shape `[n, l]`. */
  x: tf.Tensor2D;
  /** Class of each row, from 0. */
  labels: Int32Array;
}

/** Options of {@link linearProbe}. */
export interface ProbeOptions {
  /** Labelled rows of each class that are used. */
  perClass: number;
  /** Seed of their choice. */
  seed: number;
  /** Most iterations of the fit, which runs to convergence. @defaultValue 200 */
  epochs?: number;
}

/** What {@link linearProbe} found. */
export interface ProbeReport {
  /** Share of test rows classified right. */
  accuracy: number;
  /** Labelled rows used in all. */
  used: number;
}

/**
 * Classification from few labels by a linear softmax on frozen codes.
 *
 * @param train - Rows to choose from.
 * @param test - Rows to classify.
 * @param o - See {@link ProbeOptions}.
 * @returns See {@link ProbeReport}.
 * @throws As `linearProbe` of `@lab/core/metrics`, which fits it.
 * @remarks The fit is convex and runs to convergence; the authors train with Adam for 100 epochs and keep the best one.
 */
export async function linearProbe(train: ProbeSet, test: ProbeSet, o: ProbeOptions): Promise<ProbeReport> {
  const perClass = checkInteger("linearProbe", "perClass", o.perClass, { min: 1 });
  const counts = new Map<number, number>();
  const chosen: number[] = [];
  for (const row of new Generator(o.seed).permutation(train.labels.length)) {
    const label = train.labels[row]!;
    const count = counts.get(label) ?? 0;
    if (count === perClass) continue;
    counts.set(label, count + 1);
    chosen.push(row);
  }
  return tidyAsync(async (track) => {
    const x = track(tf.tidy(() => tf.gather(train.x, tf.tensor1d(chosen, "int32"))));
    const labels = Int32Array.from(chosen, (row) => train.labels[row]!);
    const result = await softmaxProbe({ x, labels }, test, { maxIterations: o.epochs ?? 200, l2: 1e-3 });
    return { accuracy: result.accuracy, used: chosen.length };
  });
}
