import * as Plot from "@observablehq/plot";
import type { Drawing } from "../frame.js";
import { type Palette, seriesColor } from "../theme.js";
import type { BarsPlot } from "../types.js";
import { draw, roomForNames, scaleOf } from "./observable.js";

/** Grouped bars with optional error bars. */
export function drawBars(spec: BarsPlot, palette: Palette, width: number, height: number): Drawing {
  const rows = spec.series.flatMap((series, index) =>
    spec.categories.map((category, i) => ({
      category,
      series: series.name,
      color: seriesColor(palette, index),
      y: series.y[i] ?? null,
      low: series.low?.[i] ?? null,
      high: series.high?.[i] ?? null,
    })),
  );
  const isLog = spec.y.scale === "log";
  const filled = rows.filter((row) => row.y !== null && Number.isFinite(row.y) && (!isLog || row.y > 0));
  // A logarithm has no zero for bars to stand on: theirs is the power of ten below the smallest.
  const smallest = Math.min(
    ...filled.map((row) => row.y!),
    ...rows.flatMap((row) => row.low ?? []).filter((low) => low > 0),
  );
  const floor = isLog ? (spec.y.domain?.[0] ?? 10 ** Math.floor(Math.log10(smallest) - 1e-9)) : 0;
  const intervals = rows.filter((row) => row.low !== null && row.high !== null);
  const { isTilted, ...margins } = roomForNames(spec.categories, width, 62);
  return draw(
    {
      ...margins,
      x: {
        axis: null,
        domain: spec.series.map((series) => series.name),
        paddingInner: 0.08,
        paddingOuter: 0.1,
      },
      fx: {
        label: spec.x?.label ?? null,
        labelArrow: "none",
        domain: [...spec.categories],
        axis: "bottom",
        padding: 0.12,
        ...(isTilted ? { tickRotate: -35 } : {}),
      },
      y: { ...scaleOf(spec.y), grid: true },
      marks: [
        Plot.barY(filled, {
          fx: "category",
          x: "series",
          y1: floor,
          y2: "y",
          fill: "color",
          fillOpacity: 0.85,
        }),
        Plot.ruleX(intervals, { fx: "category", x: "series", y1: "low", y2: "high", stroke: "currentColor" }),
        Plot.ruleY([floor]),
      ],
      color: { type: "identity" },
    },
    width,
    height + margins.marginBottom - 44,
  );
}
