import type { HistogramPlot, LinePlot, ScatterPlot } from "@lab/core/plot";
import type { CodeStats } from "../diagnostics/index.js";
import type { CurvePoint } from "../evaluation/index.js";
import type { EnergyWeights } from "../inference/energy.js";
import type { StepReport, TrainOptions } from "../training/index.js";

/** A step report with its number. */
export interface TracedStep extends StepReport {
  /** Updates done before it, plus one. */
  step: number;
}

const steps = { label: "update" };

/**
 * Terms of the energy of the inferred codes during training.
 *
 * @param trace - Step reports in order.
 */
export function energyFigure(trace: readonly TracedStep[]): LinePlot {
  const x = trace.map(({ step }) => step);
  const names = ["reconstruction", "sparsity", "variance", "prediction"] as const;
  return {
    kind: "line",
    title: "Energy of the inferred codes",
    caption: "Sums over a batch, weights included, before the update.",
    x: steps,
    y: { label: "energy" },
    series: names
      .filter((name) => trace.some(({ energy }) => energy[name] > 0))
      .map((name) => ({ name, x, y: trace.map(({ energy }) => energy[name]) })),
  };
}

/**
 * How long the steps of inference are and how hard its problem is: $L\eta$ and $\kappa = L l / (2\gamma)$.
 *
 * @param trace - Step reports in order.
 * @param options - Of the training; a fixed `step` shows as a curve that crosses 2 when inference begins to diverge.
 * @param codeDim - Components l of a code.
 */
export function stepFigure(trace: readonly TracedStep[], options: TrainOptions, codeDim: number): LinePlot {
  const x = trace.map(({ step }) => step);
  const { step, prediction = 0 } = options;
  const length = typeof step === "number" ? step : undefined;
  const convexity = (2 * prediction) / codeDim;
  return {
    kind: "line",
    title: "Step and condition of inference",
    caption: "Steps above 2 on this scale diverge. The condition number exists with a prediction term only.",
    x: steps,
    y: { label: "Lη, κ", scale: "log" },
    series: [
      { name: "L η", x, y: trace.map(({ lipschitz }) => (length === undefined ? 1 : lipschitz * length)) },
      ...(convexity > 0 ? [{ name: "κ", x, y: trace.map(({ lipschitz }) => lipschitz / convexity) }] : []),
    ],
  };
}

/**
 * Iterations that inference took.
 *
 * @param trace - Step reports in order.
 */
export function iterationsFigure(trace: readonly TracedStep[]): LinePlot {
  const x = trace.map(({ step }) => step);
  return {
    kind: "line",
    title: "Iterations of inference",
    x: steps,
    y: { label: "iterations" },
    series: [{ name: "iterations", x, y: trace.map(({ iterations }) => iterations) }],
  };
}

/**
 * Standard deviations of the code components, and where theory puts them: $s_j = T - \lambda N \rho_j / (2 \beta)$.
 *
 * @param stats - Of the inferred codes of a batch, from `codeStats`.
 * @param w - Weights of the training; without a variance term there is no prediction.
 * @param rows - Rows N of a batch of the training. @defaultValue those of the statistics
 */
export function deviationFigure(stats: CodeStats, w: EnergyWeights, rows = stats.rows): HistogramPlot {
  const { sparsity, variance = 0, varianceThreshold = 0.5 } = w;
  const predicted = Array.from(stats.std, (s, j) => {
    if (s === 0) return 0;
    const rho = stats.l1[j]! / stats.rows / s;
    return Math.max(0, varianceThreshold - (sparsity * rows * rho) / (2 * variance));
  });
  return {
    kind: "histogram",
    title: "Deviation of the code components",
    caption:
      variance > 0
        ? `The hinge asks for ${varianceThreshold}; l1 norm and hinge balance below it.`
        : "Without a variance term nothing holds the scale of the codes.",
    x: { label: "standard deviation over the batch" },
    series: [
      { name: "measured", values: Array.from(stats.std) },
      ...(variance > 0 ? [{ name: "by theory", values: predicted }] : []),
    ],
  };
}

/**
 * Quality against sparsity: means over the seeds, with their range.
 *
 * @param points - From `paretoCurve`.
 */
export function curveFigure(points: readonly CurvePoint[]): ScatterPlot {
  const lambdas = [...new Set(points.map(({ lambda }) => lambda))];
  const of = (lambda: number, figure: (p: CurvePoint) => number) =>
    points.filter((p) => p.lambda === lambda).map(figure);
  const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const series = (name: string, zeros: (p: CurvePoint) => number, psnr: (p: CurvePoint) => number) => ({
    name,
    x: lambdas.map((lambda) => mean(of(lambda, zeros))),
    y: lambdas.map((lambda) => mean(of(lambda, psnr))),
    low: lambdas.map((lambda) => Math.min(...of(lambda, psnr))),
    high: lambdas.map((lambda) => Math.max(...of(lambda, psnr))),
  });
  return {
    kind: "scatter",
    title: "Reconstruction against sparsity",
    caption: "One point for each weight of the l1 norm; bars are the range over the seeds.",
    x: { label: "share of zeros" },
    y: { label: "PSNR (dB)" },
    series: [
      series(
        "inferred codes",
        (p) => p.inferredZeros,
        (p) => p.inferredPsnr,
      ),
      series(
        "predicted codes",
        (p) => p.encodedZeros,
        (p) => p.encodedPsnr,
      ),
    ],
  };
}
