/**
 * Figures as data, drawn to SVG and PNG.
 *
 * @packageDocumentation
 */

export { encodePng } from "./encode-png.js";
export { renderPng } from "./render-png.node.js";
export { type RenderOptions, renderSvg } from "./render-svg.js";
export { seriesColors, type Theme } from "./theme.js";
export type {
  Axis,
  BarSeries,
  BarsPlot,
  GridPlot,
  HeatmapPlot,
  HistogramPlot,
  ImagePlot,
  LinePlot,
  Picture,
  PlotSpec,
  ScatterPlot,
  Series,
} from "./types.js";
