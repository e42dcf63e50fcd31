import * as Plot from "@observablehq/plot";
import type { Drawing } from "../frame.js";
import { type Palette, seriesColor } from "../theme.js";
import type { HistogramPlot } from "../types.js";
import { draw, scaleOf } from "./observable.js";

/** Overlaid histograms on common bins. */
export function drawHistogram(spec: HistogramPlot, palette: Palette, width: number, height: number): Drawing {
  const isLog = spec.x.scale === "log";
  const kept = spec.series.map(({ values }) =>
    Array.from(values).filter((value) => Number.isFinite(value) && (!isLog || value > 0)),
  );
  const all = kept.flat();
  const map = isLog ? Math.log : (value: number) => value;
  const unmap = isLog ? Math.exp : (value: number) => value;
  const [low, high] = [map(Math.min(...all)), map(Math.max(...all))];
  const bins = spec.bins ?? 30;
  const step = (high - low || 1) / bins;
  const marks: Plot.Markish[] = kept.map((values, index) => {
    const counts = new Array<number>(bins).fill(0);
    for (const value of values) counts[Math.min(bins - 1, Math.floor((map(value) - low) / step))]! += 1;
    const rects = counts.map((count, i) => ({
      x1: unmap(low + i * step),
      x2: unmap(low + (i + 1) * step),
      count,
    }));
    const color = seriesColor(palette, index);
    const fillOpacity = kept.length > 1 ? 0.45 : 0.8;
    return Plot.rectY(
      rects.filter((rect) => rect.count > 0),
      { x1: "x1", x2: "x2", y1: 0, y2: "count", fill: color, fillOpacity, stroke: color },
    );
  });
  marks.push(Plot.ruleY([0]));
  return draw(
    { x: scaleOf(spec.x), y: { ...scaleOf(spec.y ?? { label: "count" }), grid: true }, marks },
    width,
    height,
  );
}
