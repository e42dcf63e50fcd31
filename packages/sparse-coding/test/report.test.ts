import { linearDecoder, preset, SparseAutoencoder, strokes } from "@lab/sparse-coding";
import {
  curveFigure,
  deviationFigure,
  stepFigure,
  type TracedStep,
  trainingReport,
} from "@lab/sparse-coding/report";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";

test("a report holds its figures, its numbers and nothing from outside", async () => {
  const y = tf.tensor2d(strokes({ count: 60, seed: 1, size: 8 }), [60, 64]);
  const model = new SparseAutoencoder({
    ...preset("VDL", "strokes"),
    batchSize: 30,
    decoder: linearDecoder({ codeDim: 6, dataDim: 64 }),
  });
  const trace: TracedStep[] = [];
  await model.fit(y, { epochs: 2, onStep: (step, report) => trace.push({ step, ...report }) });
  const before = tf.memory().numTensors;
  const report = await trainingReport(model, y, {
    ...{ height: 8, width: 8, trace, title: "strokes <8>", scale: 0.27 },
    points: [
      { lambda: 0.1, seed: 1, inferredZeros: 0.5, inferredPsnr: 20, encodedZeros: 0.5, encodedPsnr: 19 },
    ],
  });
  expect(tf.memory().numTensors).toBe(before);
  expect(report.figures.map((f) => f.kind)).toEqual([
    "image",
    "histogram",
    "line",
    "line",
    "line",
    "scatter",
    "image",
  ]);
  expect(report.html).toContain("strokes &lt;8&gt;");
  expect(report.html.match(/<svg/g)!.length).toBeGreaterThanOrEqual(7);
  expect(report.html).not.toMatch(/<script|(src|href)="(?!data:|#)/);
  const data = JSON.parse(JSON.stringify(report.data));
  expect(data["PSNR of noisy data (dB)"]).toBeCloseTo(20 * Math.log10(1 / 0.27), 0);
  expect(data.components.std).toHaveLength(6);
  expect(report.figures[0]).toMatchObject({ images: { length: 6 } });
});

test("figures follow from their numbers", () => {
  const step = { lipschitz: 0.4, iterations: 3 } as TracedStep;
  const trace = [
    { ...step, step: 1 },
    { ...step, step: 11, lipschitz: 0.8 },
  ];
  const fixed = stepFigure(trace, { sparsity: 0.1, prediction: 5, step: 0.5 }, 50);
  expect(fixed.series.map((s) => s.y)).toEqual([
    [0.2, 0.4],
    [2, 4],
  ]);
  const stats = { std: Float64Array.of(0.4, 0), l1: Float64Array.of(40, 0), rows: 100 };
  const histogram = deviationFigure(stats as never, { sparsity: 0.02, variance: 10 });
  // T - λ N ρ / (2 β) with ρ = 0.4 / 0.4
  expect(histogram.series[1]!.values).toEqual([0.4, 0]);
  const point = { lambda: 1, inferredZeros: 0.5, inferredPsnr: 20, encodedZeros: 0.6, encodedPsnr: 18 };
  const curve = curveFigure([
    { ...point, seed: 1 },
    { ...point, seed: 2, inferredPsnr: 22 },
  ]);
  expect(curve.series[0]).toMatchObject({ x: [0.5], y: [21], low: [20], high: [22] });
});
