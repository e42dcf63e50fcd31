import { checkChoice, checkNumber } from "../check/index.js";
import { checkSpec } from "./check-spec.js";
import { type Drawing, frame, type LegendEntry } from "./frame.js";
import { drawBars } from "./kinds/bars.js";
import { drawHeatmap, heatmapRange } from "./kinds/heatmap.js";
import { drawHistogram } from "./kinds/histogram.js";
import { drawImages } from "./kinds/images.js";
import { drawSeries, seriesLegend } from "./kinds/series.js";
import { type Palette, palettes, type Theme } from "./theme.js";
import type { GridPlot, PlotSpec } from "./types.js";

/** Options of {@link renderSvg} and {@link renderPng}. */
export interface RenderOptions {
  /** Width of the figure in pixels. @defaultValue 640 */
  width?: number;
  /** @defaultValue `"light"` */
  theme?: Theme;
}

const GAP = 12;

function drawGrid(spec: GridPlot, palette: Palette, width: number): Drawing {
  const columns = Math.max(1, Math.min(spec.columns ?? 2, spec.plots.length));
  const cell = (width - GAP * (columns - 1)) / columns;
  const parts: string[] = [];
  let y = 0;
  for (let from = 0; from < spec.plots.length; from += columns) {
    const row = spec.plots.slice(from, from + columns).map((plot) => drawFigure(plot, palette, cell));
    for (const [i, { svg }] of row.entries()) {
      parts.push(svg.replace("<svg", `<svg x="${i * (cell + GAP)}" y="${y}"`));
    }
    y += Math.max(...row.map((drawing) => drawing.height)) + GAP;
  }
  return { width, height: y, svg: parts.join("") };
}

function drawFigure(spec: PlotSpec, palette: Palette, width: number): Drawing {
  const inner = width - 28;
  const height = Math.round(Math.max(200, Math.min(360, inner * 0.56)));
  let body: Drawing;
  let legend: LegendEntry[] = [];
  let caption = spec.caption;
  switch (spec.kind) {
    case "line":
    case "scatter":
      body = drawSeries(spec, palette, inner, height);
      legend = seriesLegend(spec.series, palette);
      break;
    case "bars":
      body = drawBars(spec, palette, inner, height);
      legend = seriesLegend(spec.series, palette);
      break;
    case "histogram":
      body = drawHistogram(spec, palette, inner, height);
      legend = seriesLegend(spec.series, palette);
      break;
    case "heatmap":
      body = drawHeatmap(spec, inner);
      caption = [caption, heatmapRange(spec)].filter(Boolean).join(" ");
      break;
    case "image":
      body = drawImages(spec, inner);
      break;
    case "grid":
      body = drawGrid(spec, palette, inner);
      break;
  }
  return frame(body, { title: spec.title, caption }, legend, palette);
}

/**
 * Draws a figure as one standing SVG document.
 *
 * Text and axes take `currentColor`: a page that inlines the figure recolours it by setting `color` on the element and
 * `fill` on `.lab-background`.
 *
 * @param spec - The figure; see {@link PlotSpec}.
 * @param options - See {@link RenderOptions}.
 * @returns The text of an SVG file.
 * @throws {@link ArgumentError} when the parts of the figure do not fit together.
 * @example
 * ```ts
 * import { renderSvg } from "@lab/core/plot";
 *
 * const svg = renderSvg({
 *   kind: "line",
 *   title: "Squares",
 *   x: { label: "x" },
 *   y: { label: "x²" },
 *   series: [{ name: "square", x: [0, 1, 2], y: [0, 1, 4] }],
 * });
 * svg.startsWith("<svg"); // => true
 * ```
 */
export function renderSvg(spec: PlotSpec, options: RenderOptions = {}): string {
  const width = checkNumber("renderSvg", "width", options.width ?? 640, { min: 160, max: 4000 });
  const theme = checkChoice("renderSvg", "theme", options.theme ?? "light", ["light", "dark"] as const);
  checkSpec(spec);
  return drawFigure(spec, palettes[theme], width).svg;
}
