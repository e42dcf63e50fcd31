/**
 * Figures as data, drawn to SVG and PNG.
 *
 * @packageDocumentation
 */
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
