import { checkInteger, checkShape, tidyAsync } from "@lab/core";
import { type PlotSpec, renderSvg } from "@lab/core/plot";
import * as tf from "@tensorflow/tfjs-core";
import { codeStats } from "../diagnostics/index.js";
import { type CurvePoint, denoise, psnr } from "../evaluation/index.js";
import type { SparseAutoencoder } from "../training/index.js";
import {
  curveFigure,
  deviationFigure,
  energyFigure,
  iterationsFigure,
  stepFigure,
  type TracedStep,
} from "./figures.js";
import { denoisingFigure, type PictureShape, unitsFigure } from "./pictures.js";

/** Options of {@link trainingReport}. */
export interface TrainingReportOptions extends PictureShape {
  /** Step reports of the training, such as every tenth. @defaultValue none, and no curves */
  trace?: readonly TracedStep[];
  /** Points of quality against sparsity, from `paretoCurve`. @defaultValue none */
  points?: readonly CurvePoint[];
  /** What the data were divided by, for decibels of the original values. @defaultValue 1 */
  scale?: number;
  /** Deviation of the noise that is removed, in the units of the data. @defaultValue 1 */
  sigma?: number;
  /** Seed of the noise. @defaultValue 0 */
  seed?: number;
  /** Headline. @defaultValue `"Sparse autoencoder"` */
  title?: string;
}

/** A report as a page, as figures, and as numbers. */
export interface TrainingReport {
  /** One self-contained page: no script, no outside address. */
  html: string;
  /** The figures of the page. */
  figures: PlotSpec[];
  /** What the table shows, and the statistics of each component; plain JSON. */
  data: Record<string, unknown>;
}

/**
 * Everything that tells whether a sparse autoencoder learned something and whether its codes collapse.
 *
 * @param model - A trained autoencoder.
 * @param y - Held-out data, `[N, d]`, at least one batch.
 * @param o - See {@link TrainingReportOptions}.
 * @returns See {@link TrainingReport}.
 * @throws {@link ShapeError} when the data or the pictures do not fit.
 */
export async function trainingReport(
  model: SparseAutoencoder,
  y: tf.Tensor2D,
  o: TrainingReportOptions,
): Promise<TrainingReport> {
  const caller = "trainingReport";
  const { decoder, options } = model;
  const height = checkInteger(caller, "height", o.height, { min: 1 });
  const width = checkInteger(caller, "width", o.width, { min: 1 });
  checkShape(caller, "y", y, [null, height * width]);
  const size = Math.min(options.batchSize ?? 250, y.shape[0]);
  const [scale, sigma, seed] = [o.scale ?? 1, o.sigma ?? 1, o.seed ?? 0];
  return tidyAsync(async (track) => {
    const batch = track(tf.slice(y, [0, 0], [size, y.shape[1]]));
    const found = await model.infer(batch);
    const inferred = track(found.codes);
    const predicted = track(model.encode(batch));
    const [stats, encoded] = [await codeStats(inferred), await codeStats(predicted)];
    const quality = async (codes: tf.Tensor2D) =>
      (await psnr(batch, track(model.decode(codes)), { scale })).mean;
    const noise = await denoise(model, y, { sigma, seed, scale });
    const rows: [string, number][] = [
      ["rows of the batch", size],
      ["components", decoder.codeDim],
      ["dead components, inferred", stats.dead.length],
      ["largest correlation of two components", stats.maxCorrelation],
      ["zeros, inferred", stats.zeros],
      ["zeros, predicted", encoded.zeros],
      ["mean l1 norm, inferred", stats.meanL1],
      ["median deviation, inferred", median(stats.std)],
      ["PSNR, inferred (dB)", await quality(inferred)],
      ["PSNR, predicted (dB)", await quality(predicted)],
      ["PSNR of noisy data (dB)", noise.noisyPsnr],
      ["PSNR, denoised (dB)", noise.denoisedPsnr],
      ["iterations of inference", found.iterations],
    ];
    const shape = { height, width };
    const trace = o.trace ?? [];
    const figures: PlotSpec[] = [
      await unitsFigure(model, inferred, shape),
      deviationFigure(stats, options, size),
      ...(trace.length > 1
        ? [energyFigure(trace), stepFigure(trace, options, decoder.codeDim), iterationsFigure(trace)]
        : []),
      ...(o.points && o.points.length > 0 ? [curveFigure(o.points)] : []),
      await denoisingFigure(model, y, { ...shape, sigma, seed }),
    ];
    const perComponent = { std: stats.std, l1: stats.l1, usage: stats.usage };
    const data = {
      title: o.title ?? "Sparse autoencoder",
      ...Object.fromEntries(rows),
      options,
      dead: stats.dead,
      components: Object.fromEntries(Object.entries(perComponent).map(([k, v]) => [k, Array.from(v)])),
      balanceResidual: Array.from(stats.balanceResidual(options)),
    };
    return { html: page(data.title, rows, figures), figures, data };
  });
}

function median(values: Float64Array): number {
  return values.slice().sort()[Math.floor(values.length / 2)] ?? Number.NaN;
}

const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);

function page(title: string, rows: readonly [string, number][], figures: readonly PlotSpec[]): string {
  const table = rows
    .map(([name, value]) => `<tr><th>${escaped(name)}</th><td>${Number(value.toPrecision(4))}</td></tr>`)
    .join("");
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>`,
    "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}",
    "th{text-align:left;padding-right:1rem}figure{margin:2rem 0}</style></head><body>",
    `<h1>${escaped(title)}</h1><table>${table}</table>`,
    ...figures.map((figure) => `<figure>${renderSvg(figure)}</figure>`),
    "</body></html>",
  ].join("\n");
}
