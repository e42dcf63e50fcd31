/** Colours of a figure. */
export interface Palette {
  /** Text, axes and outlines. */
  ink: string;
  /** Secondary text. */
  faint: string;
  /** Behind everything. */
  background: string;
  /** One a series, told apart also by readers who confuse red and green (Okabe and Ito, 2008). */
  series: readonly string[];
}

/** Themes that a figure can be drawn in. */
export type Theme = "light" | "dark";

/** Palettes by theme. */
export const palettes: Record<Theme, Palette> = {
  light: {
    ink: "#1c1d21",
    faint: "#5b5e68",
    background: "#ffffff",
    series: ["#0072b2", "#d55e00", "#009e73", "#b5528f", "#c98500", "#2b9bd6", "#6b6f76", "#7a4fd0"],
  },
  dark: {
    ink: "#e8e9ed",
    faint: "#a3a7b3",
    background: "#17181c",
    series: ["#4aa8e0", "#f08a3c", "#2ec49a", "#dd8fbd", "#efb83f", "#8ccdf2", "#a7abb3", "#ab8cf0"],
  },
};

/** Colours of the series by theme, for pages that recolour inlined figures. */
export const seriesColors: Record<Theme, readonly string[]> = {
  light: palettes.light.series,
  dark: palettes.dark.series,
};

/** Colour of the `index`-th series; colours repeat when there are more series than colours. */
export function seriesColor(palette: Palette, index: number): string {
  return palette.series[index % palette.series.length]!;
}
