import * as Plot from "@observablehq/plot";
import type { Drawing, LegendEntry } from "../frame.js";
import { type Palette, seriesColor } from "../theme.js";
import type { LinePlot, ScatterPlot, Series } from "../types.js";
import { draw, scaleOf } from "./observable.js";

interface Point {
  x: number;
  y: number | null;
  low: number | null;
  high: number | null;
}

function pointsOf(series: Series, log: { x: boolean; y: boolean }): Point[] {
  const visible = (value: number | null | undefined, isLog: boolean) =>
    value === null || value === undefined || !Number.isFinite(value) || (isLog && value <= 0) ? null : value;
  return Array.from(series.x, (x, i) => ({
    x: visible(x, log.x),
    y: visible(series.y[i], log.y),
    low: visible(series.low?.[i], log.y),
    high: visible(series.high?.[i], log.y),
  })).filter((point): point is Point => point.x !== null);
}

const hasInterval = (point: Point) => point.low !== null && point.high !== null;

/** Curves with bands, or clouds with error bars. */
export function drawSeries(
  spec: LinePlot | ScatterPlot,
  palette: Palette,
  width: number,
  height: number,
): Drawing {
  const log = { x: spec.x.scale === "log", y: spec.y.scale === "log" };
  const marks: Plot.Markish[] = [];
  for (const [index, series] of spec.series.entries()) {
    const color = seriesColor(palette, index);
    const points = pointsOf(series, log);
    const intervals = points.filter(hasInterval);
    if (spec.kind === "line") {
      if (intervals.length > 0) {
        marks.push(
          Plot.areaY(intervals, {
            x: "x",
            y1: "low",
            y2: "high",
            fill: color,
            fillOpacity: 0.18,
            clip: true,
          }),
        );
      }
      const dash = series.dashed ? { strokeDasharray: "5 3" } : {};
      marks.push(Plot.lineY(points, { x: "x", y: "y", stroke: color, strokeWidth: 2, clip: true, ...dash }));
      if (!series.dashed && points.length <= 40)
        marks.push(Plot.dot(points, { x: "x", y: "y", fill: color, r: 2.5 }));
    } else {
      marks.push(Plot.ruleX(intervals, { x: "x", y1: "low", y2: "high", stroke: color, strokeOpacity: 0.7 }));
      const r = points.length > 300 ? 1.5 : 3;
      marks.push(Plot.dot(points, { x: "x", y: "y", fill: color, r, fillOpacity: 0.75 }));
    }
  }
  return draw({ x: scaleOf(spec.x), y: { ...scaleOf(spec.y), grid: true }, marks }, width, height);
}

/** Legend of named series; one series needs none. */
export function seriesLegend(
  series: readonly { name: string; dashed?: boolean }[],
  palette: Palette,
): LegendEntry[] {
  if (series.length < 2) return [];
  return series.map(({ name, dashed }, index) => ({
    name,
    color: seriesColor(palette, index),
    ...(dashed ? { dashed } : {}),
  }));
}
