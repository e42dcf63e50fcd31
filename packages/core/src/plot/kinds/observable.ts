import * as Plot from "@observablehq/plot";
import { figureDocument } from "../document.node.js";
import { type Drawing, FONT } from "../frame.js";
import type { Axis } from "../types.js";

/** Text of a tick on a logarithmic axis, short enough to keep apart: the default writes 0.1 as 100m, and zeros without end. */
function logLabel(value: number): string {
  return value >= 1e-3 && value < 1e6
    ? String(Number(value.toPrecision(3)))
    : value.toExponential().replace("e+", "e");
}

/** Options of a scale from an axis of a figure. */
export function scaleOf(axis: Axis | undefined): Plot.ScaleOptions {
  if (axis === undefined) return { label: null };
  const scale: Plot.ScaleOptions = { label: axis.label, labelArrow: "none", nice: axis.domain === undefined };
  if (axis.scale === "log") {
    scale.type = "log";
    scale.tickFormat = logLabel;
  }
  if (axis.domain !== undefined) scale.domain = [...axis.domain];
  return scale;
}

/** Room to the left and below for the names of categories; names wider than their places are tilted. */
export function roomForNames(names: readonly string[], width: number, left: number) {
  const place = (width - left - 18) / names.length;
  const longest = Math.max(...names.map((name) => name.length));
  const isTilted = longest * 6.5 > place;
  if (!isTilted) return { isTilted, marginLeft: left, marginBottom: 44 };
  // At 35 degrees a letter goes 5.3 px to the left and 3.8 px down.
  const reach = Math.max(...names.map((name, i) => name.length * 5.3 - (i + 0.5) * place));
  return {
    isTilted,
    marginLeft: Math.round(Math.min(width / 3, Math.max(left, reach))),
    marginBottom: Math.round(Math.min(180, 34 + longest * 3.8)),
  };
}

/** Draws a plot and takes its markup out of the document. */
export function draw(options: Plot.PlotOptions, width: number, height: number): Drawing {
  const figure = Plot.plot({
    marginLeft: 62,
    marginBottom: 44,
    marginRight: 18,
    marginTop: 22,
    ...options,
    width,
    height,
    document: figureDocument(),
    style: { fontFamily: FONT, background: "none", color: "inherit" },
  });
  const markup = figure.outerHTML
    .replace(/<style>[\s\S]*?<\/style>/, "") // rules for a page; everything needed stands in attributes
    .replaceAll("aria-label=", "data-part=") // the whole figure is one image with one label
    .replace('font-size="10"', 'font-size="11"')
    .replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg" overflow="visible"')
    .replace(/="[^"]*"/g, (attribute) =>
      attribute.replace(/-?\d+\.\d{3,}(e-?\d+)?/g, (n) => String(+(+n).toFixed(2))),
    );
  return { width, height, svg: withOwnIds(markup) };
}

/** Ids made from the content: the same figure is the same text, and two figures on a page do not share clip paths. */
function withOwnIds(markup: string): string {
  const seen: string[] = [];
  const numbered = markup.replace(/plot-clip-\d+/g, (id) => {
    if (!seen.includes(id)) seen.push(id);
    return `plot-clip-${seen.indexOf(id)}`;
  });
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < numbered.length; i++) hash = Math.imul(hash ^ numbered.charCodeAt(i), 0x01000193);
  return numbered.replaceAll("plot-clip-", `clip-${(hash >>> 0).toString(36)}-`);
}
