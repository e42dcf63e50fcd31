import { checkInteger } from "@lab/core";
import { eigvalsh } from "@lab/core/linalg";
import { assign, type ParameterSet } from "@lab/core/nn";
import type { HeatmapPlot, LinePlot } from "@lab/core/plot";
import * as tf from "@tensorflow/tfjs-core";
import type { GaussianPrior } from "../gaussian/index.js";
import type { ScalePoint } from "../scale/index.js";

/**
 * The curve of `tuneScale`: objective against scale.
 *
 * @param curves - Curves by name, such as one for each number of examples.
 * @param yLabel - What the objective is, with its unit.
 * @returns A figure for `renderSvg`.
 */
export function plotScaleCurve(
  curves: Readonly<Record<string, readonly ScalePoint[]>>,
  yLabel = "held-out NLL (nats)",
): LinePlot {
  return {
    kind: "line",
    title: "What the scale of the prior does",
    caption: "Towards the left the prior binds, towards the right it lets go: fine-tuning.",
    x: { label: "scale s", scale: "log" },
    y: { label: yLabel },
    series: Object.entries(curves).map(([name, points]) => ({
      name,
      x: points.map((point) => point.scale),
      y: points.map((point) => (Number.isFinite(point.objective) ? point.objective : null)),
    })),
  };
}

/**
 * A reliability diagram: accuracy against confidence in bins of equal width.
 *
 * @param probabilities - Class probabilities `[n, classes]`, by name of the method; read from the device.
 * @param labels - True classes.
 * @param bins - Number of bins. Defaults to 15.
 * @returns A figure with the diagonal of perfect calibration.
 */
export async function plotReliability(
  probabilities: Readonly<Record<string, tf.Tensor2D>>,
  labels: ArrayLike<number>,
  bins = 15,
): Promise<LinePlot> {
  checkInteger("plotReliability", "bins", bins, { min: 1 });
  const series: LinePlot["series"][number][] = [{ name: "perfect", x: [0, 1], y: [0, 1], dashed: true }];
  for (const [name, tensor] of Object.entries(probabilities)) {
    const [count, classes] = tensor.shape;
    const values = Float32Array.from(await tensor.data());
    const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, correct: 0 }));
    for (let n = 0; n < count; n++) {
      const row = values.subarray(n * classes, (n + 1) * classes);
      const best = row.reduce((a, value, c) => (value > row[a]! ? c : a), 0);
      const bin = sums[Math.min(bins - 1, Math.floor(row[best]! * bins))]!;
      bin.count += 1;
      bin.confidence += row[best]!;
      bin.correct += best === labels[n] ? 1 : 0;
    }
    const filled = sums.filter((bin) => bin.count > 0);
    series.push({
      name,
      x: filled.map((bin) => bin.confidence / bin.count),
      y: filled.map((bin) => bin.correct / bin.count),
    });
  }
  return {
    kind: "line",
    title: "Reliability",
    caption: `Bins of equal width, ${bins} of them; empty ones are left out.`,
    x: { label: "confidence", domain: [0, 1] },
    y: { label: "accuracy", domain: [0, 1] },
    series,
  };
}

/** Options of {@link plotLossSurface}. */
export interface LossSurfaceOptions {
  /** The live parameters; put back afterwards. */
  parameters: ParameterSet;
  /** Three points that span the plane, such as source mean, fine-tuned and MAP weights. */
  corners: readonly [ParameterSet, ParameterSet, ParameterSet];
  /** Losses by name, of the parameters as they are; scalars. */
  losses: Readonly<Record<string, () => tf.Tensor>>;
  /** Points along each direction. @defaultValue 15 */
  resolution?: number;
  /** How far beyond the corners the plane goes, in units of their distance. @defaultValue 0.4 */
  margin?: number;
}

/**
 * Losses on the plane through three points of the parameter space: the source task, the downstream task without and
 * with the prior, side by side.
 *
 * @param options - See {@link LossSurfaceOptions}.
 * @returns One heat map for each loss.
 * @see Shwartz-Ziv et al. (2022), Pre-Train Your Loss, figure 1.
 */
export async function plotLossSurface(options: LossSurfaceOptions): Promise<HeatmapPlot[]> {
  const { parameters, corners, losses, margin = 0.4 } = options;
  const resolution = checkInteger("plotLossSurface", "resolution", options.resolution ?? 15, { min: 2 });
  const original = new Map([...parameters].map(([name, value]) => [name, tf.clone(value)]));
  const ticks = Array.from(
    { length: resolution },
    (_, i) => -margin + ((1 + 2 * margin) * i) / (resolution - 1),
  );
  const grids = Object.fromEntries(Object.keys(losses).map((name) => [name, [] as number[][]]));
  const [a, b, c] = corners.map((set) => [...set.values()]) as [tf.Tensor[], tf.Tensor[], tf.Tensor[]];
  try {
    for (const y of [...ticks].reverse()) {
      for (const grid of Object.values(grids)) grid.push([]);
      for (const x of ticks) {
        tf.tidy(() => {
          const moved = new Map(
            [...parameters.keys()].map((name, i) => {
              const along = tf.add(tf.mul(tf.sub(b[i]!, a[i]!), x), tf.mul(tf.sub(c[i]!, a[i]!), y));
              return [name, tf.add(a[i]!, along)];
            }),
          );
          assign(parameters, moved);
        });
        for (const [name, loss] of Object.entries(losses)) {
          const value = tf.tidy(loss);
          grids[name]!.at(-1)!.push((await value.data())[0]!);
          value.dispose();
        }
      }
    }
  } finally {
    assign(parameters, original);
    for (const tensor of original.values()) tensor.dispose();
  }
  const names = ticks.map((tick) => tick.toFixed(2));
  return Object.entries(grids).map(([name, values]) => ({
    kind: "heatmap",
    title: name,
    x: { label: "towards the second corner" },
    y: { label: "towards the third corner" },
    columns: names,
    rows: [...names].reverse(),
    values,
    valueLabel: "loss (nats)",
  }));
}

/**
 * Spectrum of a prior: eigenvalues of its low-rank part beside its sorted diagonal.
 *
 * @param prior - The prior, at its own scale.
 * @returns A figure with logarithmic axes; read from the device.
 */
export async function plotPriorSpectrum(prior: GaussianPrior): Promise<LinePlot> {
  const { mean, variance, deviations } = prior.vectors();
  const diagonal = Array.from(Float32Array.from(await variance.data())).sort((p, q) => q - p);
  const step = Math.max(1, Math.floor(diagonal.length / 200));
  const picked = diagonal.map((value, i) => [i + 1, value / 2] as const).filter((_, i) => i % step === 0);
  const series = [{ name: "diagonal d/2", x: picked.map(([i]) => i), y: picked.map(([, value]) => value) }];
  if (deviations) {
    const values = tf.tidy(() => eigvalsh(tf.matMul(deviations, tf.transpose(deviations))));
    const eigenvalues = Array.from(Float32Array.from(await values.data())).sort((p, q) => q - p);
    values.dispose();
    series.push({ name: "low-rank part", x: eigenvalues.map((_, i) => i + 1), y: eigenvalues });
  }
  tf.dispose([mean, variance]);
  deviations?.dispose();
  return {
    kind: "line",
    title: "Spectrum of the prior",
    x: { label: "rank of the value", scale: "log" },
    y: { label: "variance", scale: "log" },
    series,
  };
}
