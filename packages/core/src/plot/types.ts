/** An axis of a figure. */
export interface Axis {
  /** What it shows, with its unit. */
  label: string;
  /** @defaultValue `"linear"` */
  scale?: "linear" | "log";
  /** Range shown; that of the data by default. */
  domain?: readonly [number, number];
}

/** One curve or cloud of points. */
export interface Series {
  /** Name in the legend. */
  name: string;
  /** Abscissae. */
  x: readonly number[];
  /** Ordinates; `null` leaves a gap. */
  y: readonly (number | null)[];
  /** Lower ends of an interval around each `y`. */
  low?: readonly (number | null)[];
  /** Upper ends of an interval around each `y`. */
  high?: readonly (number | null)[];
  /** Draws the curve dashed, for theory or reference. */
  dashed?: boolean;
}

/** Bars of one colour, one for each category. */
export interface BarSeries {
  /** Name in the legend. */
  name: string;
  /** Heights, in the order of the categories. */
  y: readonly (number | null)[];
  /** Lower ends of an interval around each height. */
  low?: readonly (number | null)[];
  /** Upper ends of an interval around each height. */
  high?: readonly (number | null)[];
}

/** A picture as numbers. */
export interface Picture {
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
  /** Grey or red, green, blue. */
  channels: 1 | 3;
  /** Values in [0, 1], row by row, channels last; `height * width * channels` of them. */
  data: ArrayLike<number>;
  /** Text under the picture. */
  label?: string;
}

interface Titled {
  /** Headline. */
  title: string;
  /** Sentence under the figure. */
  caption?: string;
}

/** Curves with optional interval bands. */
export interface LinePlot extends Titled {
  kind: "line";
  x: Axis;
  y: Axis;
  series: readonly Series[];
}

/** Clouds of points with optional error bars. */
export interface ScatterPlot extends Titled {
  kind: "scatter";
  x: Axis;
  y: Axis;
  series: readonly Series[];
}

/** Grouped bars with optional error bars. */
export interface BarsPlot extends Titled {
  kind: "bars";
  /** Names along the horizontal axis. */
  categories: readonly string[];
  x?: Axis;
  y: Axis;
  series: readonly BarSeries[];
}

/** A matrix as coloured cells. */
export interface HeatmapPlot extends Titled {
  kind: "heatmap";
  x?: Axis;
  y?: Axis;
  /** Names of the rows, top to bottom. */
  rows: readonly string[];
  /** Names of the columns. */
  columns: readonly string[];
  /** `values[row][column]`. */
  values: readonly (readonly number[])[];
  /** What a value is, with its unit. */
  valueLabel?: string;
}

/** Pictures on a contact sheet. */
export interface ImagePlot extends Titled {
  kind: "image";
  images: readonly Picture[];
  /** Pictures in a row. @defaultValue all in one row, at most 10 */
  columns?: number;
}

/** Distributions of values. */
export interface HistogramPlot extends Titled {
  kind: "histogram";
  x: Axis;
  y?: Axis;
  series: readonly { name: string; values: readonly number[] }[];
  /** @defaultValue 30 */
  bins?: number;
}

/** Several figures as one. */
export interface GridPlot extends Titled {
  kind: "grid";
  plots: readonly PlotSpec[];
  /** @defaultValue 2 */
  columns?: number;
}

/** A figure as data; `renderSvg` and `renderPng` draw it. */
export type PlotSpec = LinePlot | ScatterPlot | BarsPlot | HeatmapPlot | ImagePlot | HistogramPlot | GridPlot;
