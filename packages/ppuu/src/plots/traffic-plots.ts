import { checkInteger } from "@lab/core";
import type { HeatmapPlot, LinePlot } from "@lab/core/plot";
import * as tf from "@tensorflow/tfjs-core";
import type { CostModel } from "../costs/cost-model.js";
import type { StepStats } from "../costs/uncertainty-cost.js";
import { entryOf, type TrafficLog } from "../log/traffic-log.js";
import type { Scene } from "../scene/scene.js";

/** Options of {@link spaceTimePlot}. */
export interface SpaceTimePlotOptions {
  /** Scene of the log. @defaultValue 0 */
  scene?: number;
  /** Lane that is shown. @defaultValue all lanes */
  lane?: number;
  /** Cells along time. @defaultValue 60 */
  columns?: number;
  /** Cells along the road. @defaultValue 40 */
  rows?: number;
}

/**
 * Mean speed over time and road: jams show as bands that run backwards.
 *
 * @param log - The log.
 * @param options - See {@link SpaceTimePlotOptions}.
 * @returns A figure; cells that nobody crossed have the mean speed of the log.
 */
export function spaceTimePlot(log: TrafficLog, options: SpaceTimePlotOptions = {}): HeatmapPlot {
  const [frames, scenes, cars] = log.shape;
  const scene = checkInteger("spaceTimePlot", "scene", options.scene ?? 0, { min: 0, max: scenes - 1 });
  const columns = checkInteger("spaceTimePlot", "columns", options.columns ?? 60, { min: 1, max: frames });
  const rows = checkInteger("spaceTimePlot", "rows", options.rows ?? 40, { min: 1 });
  const { ring, laneWidth } = log.road;
  let far = ring ?? 0;
  if (ring === undefined)
    for (let i = 0; i < log.x.length; i++) if (log.present[i]) far = Math.max(far, log.x[i]!);
  const sums = new Float64Array(rows * columns);
  const counts = new Float64Array(rows * columns);
  let [sum, count] = [0, 0];
  for (let t = 0; t < frames; t++) {
    for (let car = 0; car < cars; car++) {
      const at = entryOf(log, t, scene, car);
      if (!log.present[at]) continue;
      if (options.lane !== undefined && Math.floor(log.y[at]! / laneWidth) !== options.lane) continue;
      const x = ring === undefined ? log.x[at]! : log.x[at]! - ring * Math.floor(log.x[at]! / ring);
      const row = Math.min(rows - 1, Math.max(0, Math.floor((x / far) * rows)));
      const cell = row * columns + Math.floor((t / frames) * columns);
      sums[cell]! += log.v[at]!;
      counts[cell]!++;
      sum += log.v[at]!;
      count++;
    }
  }
  const mean = count > 0 ? sum / count : 0;
  const label = (value: number, every: number, i: number) => (i % every === 0 ? value.toFixed(0) : "");
  return {
    kind: "heatmap",
    title: "Speed over time and road",
    x: { label: "time (s)" },
    y: { label: "position (m)" },
    // The road runs upwards.
    rows: Array.from({ length: rows }, (_, i) => label((far * (rows - 1 - i)) / rows, 8, rows - 1 - i)),
    columns: Array.from({ length: columns }, (_, i) => label((frames * log.dt * i) / columns, 10, i)),
    values: Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_v, j) => {
        const cell = (rows - 1 - i) * columns + j;
        return counts[cell]! > 0 ? sums[cell]! / counts[cell]! : mean;
      }),
    ),
    valueLabel: "mean speed (m/s)",
  };
}

/** Options of {@link costLandscapePlot}. */
export interface CostLandscapeOptions {
  /** Metres ahead and behind. @defaultValue 30 */
  ahead?: number;
  /** Metres to each side. @defaultValue 6 */
  aside?: number;
  /** Cells across; along there are as many. @defaultValue 24 */
  cells?: number;
  /** Part of the cost. @defaultValue the weighted total */
  part?: string;
}

/**
 * What it would cost to be elsewhere: the ego of the first row is moved over the road while the others stay.
 *
 * @param costs - The cost.
 * @param input - Scene, ego `[1, 5]` and car of one row.
 * @param options - See {@link CostLandscapeOptions}.
 * @returns A figure; the road runs upwards, the right of the road is right.
 */
export async function costLandscapePlot(
  costs: CostModel,
  input: { scene: Scene; ego: tf.Tensor2D; car: tf.Tensor2D },
  options: CostLandscapeOptions = {},
): Promise<HeatmapPlot> {
  const { ahead = 30, aside = 6, part } = options;
  const cells = checkInteger("costLandscapePlot", "cells", options.cells ?? 24, { min: 2, max: 200 });
  const along = Array.from({ length: cells }, (_, i) => ahead * (1 - (2 * i) / (cells - 1)));
  const across = Array.from({ length: cells }, (_, j) => aside * ((2 * j) / (cells - 1) - 1));
  const value = tf.tidy(() => {
    const count = cells * cells;
    const many = <T extends tf.Tensor>(x: T): T => {
      const first = tf.slice(x, [0], [1]);
      return tf.tile(first, [count, ...x.shape.slice(1).map(() => 1)]) as T;
    };
    const moves = along.flatMap((dx) => across.map((dy) => [dx, dy, 0, 0, 0]));
    const { scene } = input;
    const result = costs({
      scene: { cars: many(scene.cars), mask: many(scene.mask), road: scene.road },
      ego: tf.add(many(input.ego), tf.tensor2d(moves, [count, 5])),
      action: tf.zeros([count, 2]),
      car: many(input.car),
    });
    return tf.clone(part === undefined ? result.total : result.parts[part]!);
  });
  const values = await value.data();
  value.dispose();
  const label = (metres: number, i: number) => (i % 6 === 0 ? metres.toFixed(0) : "");
  return {
    kind: "heatmap",
    title: part === undefined ? "Cost around the ego" : `Cost around the ego: ${part}`,
    x: { label: "across (m, right is positive)" },
    y: { label: "along (m)" },
    rows: along.map(label),
    columns: across.map(label),
    values: along.map((_, i) => Array.from(values.slice(i * cells, (i + 1) * cells))),
    valueLabel: "cost",
  };
}

/**
 * Plans of a planner over time.
 *
 * @param plan - Actions `[rows][steps][2]`, as `lastPlan` of a planner.
 * @param dt - Seconds of a step.
 * @returns A figure of accelerations, one curve for each of the first five rows.
 */
export function planPlot(plan: readonly (readonly (readonly number[])[])[], dt: number): LinePlot {
  return {
    kind: "line",
    title: "Planned accelerations",
    x: { label: "time (s)" },
    y: { label: "acceleration (m/s²)" },
    series: plan.slice(0, 5).map((steps, row) => ({
      name: `row ${row}`,
      x: steps.map((_, t) => t * dt),
      y: steps.map(([acceleration]) => acceleration!),
    })),
  };
}

/**
 * Disagreement of a model over the steps of a future, beside what was usual in training.
 *
 * @param stats - `stats.image` or `stats.cost` of an `uncertaintyCost`, after `calibrate`.
 * @param futures - Variances of some futures, step by step, `[future][step]`; as `variance` gives them. None by default.
 * @param dt - Seconds of a step. @defaultValue 0.2
 * @returns A figure: mean with a band of one standard deviation, and one curve for each future.
 */
export function uncertaintyPlot(
  stats: StepStats,
  futures: readonly (readonly number[])[] = [],
  dt = 0.2,
): LinePlot {
  const times = (values: readonly number[]) => values.map((_, step) => (step + 1) * dt);
  return {
    kind: "line",
    title: "Disagreement between passes",
    caption:
      "Variance over passes with dropped units; the band is one standard deviation over recorded futures.",
    x: { label: "time (s)" },
    y: { label: "variance" },
    series: [
      {
        name: "recorded futures",
        x: times(stats.mean),
        y: stats.mean,
        low: stats.mean.map((mean, step) => Math.max(0, mean - stats.std[step]!)),
        high: stats.mean.map((mean, step) => mean + stats.std[step]!),
      },
      ...futures.map((y, i) => ({ name: `future ${i}`, x: times(y), y })),
    ],
  };
}
