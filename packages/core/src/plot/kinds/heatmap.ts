import * as Plot from "@observablehq/plot";
import type { Drawing } from "../frame.js";
import type { HeatmapPlot } from "../types.js";
import { draw, roomForNames } from "./observable.js";

const MOST_LABELLED = 144;

function format(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(2);
}

/** A matrix as coloured cells; small ones show their numbers. */
export function drawHeatmap(spec: HeatmapPlot, width: number): Drawing {
  const cells = spec.values.flatMap((row, i) =>
    row.map((value, j) => ({ row: spec.rows[i]!, column: spec.columns[j]!, value })),
  );
  const finite = cells.map((cell) => cell.value).filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const longestRow = Math.max(...spec.rows.map((name) => name.length));
  const { isTilted, marginLeft, marginBottom } = roomForNames(
    spec.columns,
    width,
    Math.min(180, 34 + longestRow * 6.5),
  );
  const cellWidth = (width - marginLeft - 18) / spec.columns.length;
  const height = 30 + marginBottom + spec.rows.length * Math.max(4, Math.min(34, cellWidth));
  const marks: Plot.Markish[] = [Plot.cell(cells, { x: "column", y: "row", fill: "value", inset: 0.25 })];
  if (cells.length <= MOST_LABELLED && cellWidth >= 26) {
    const middle = (low + high) / 2;
    marks.push(
      Plot.text(cells, {
        x: "column",
        y: "row",
        text: (cell) => format(cell.value),
        fill: (cell) => (cell.value > middle ? "#10131a" : "#ffffff"),
      }),
    );
  }
  const ticksOf = (names: readonly string[], most: number) =>
    names.length > most ? { ticks: names.filter((_, i) => i % Math.ceil(names.length / most) === 0) } : {};
  return draw(
    {
      marginLeft,
      marginBottom,
      x: {
        type: "band",
        domain: [...spec.columns],
        label: spec.x?.label ?? null,
        labelArrow: "none",
        ...(isTilted ? { tickRotate: -35 } : {}),
        ...ticksOf(spec.columns, 24),
      },
      y: {
        type: "band",
        domain: [...spec.rows],
        label: spec.y?.label ?? null,
        labelArrow: "none",
        ...ticksOf(spec.rows, 40),
      },
      // Text needs its own colours beside the scale's.
      color: { type: "linear", scheme: "cividis", domain: low < high ? [low, high] : [low - 1, low + 1] },
      marks,
    },
    width,
    height,
  );
}

/** Text that tells the range of the colours. */
export function heatmapRange(spec: HeatmapPlot): string {
  const finite = spec.values.flat().filter(Number.isFinite);
  if (finite.length === 0) return "";
  const label = spec.valueLabel ? `${spec.valueLabel}: ` : "";
  return `${label}dark ${format(Math.min(...finite))} to bright ${format(Math.max(...finite))}.`;
}
