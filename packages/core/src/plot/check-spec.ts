import { ArgumentError } from "../errors/index.js";
import type { PlotSpec } from "./types.js";

const KINDS = ["line", "scatter", "bars", "heatmap", "image", "histogram", "grid"];

function refuse(argument: string, value: unknown, expected: string): never {
  throw new ArgumentError(`renderSvg: ${argument} is ${String(value)}; ${expected} was expected`, {
    argument,
    value,
  });
}

function checkLength(argument: string, values: ArrayLike<unknown> | undefined, length: number): void {
  if (values !== undefined && values.length !== length) {
    refuse(`the length of ${argument}`, values.length, `${length}`);
  }
}

/** Refuses a figure whose parts do not fit together, naming the part. */
export function checkSpec(spec: PlotSpec): void {
  if (!KINDS.includes(spec?.kind)) refuse("spec.kind", spec?.kind, `one of ${KINDS.join(", ")}`);
  switch (spec.kind) {
    case "line":
    case "scatter":
      for (const [i, series] of spec.series.entries()) {
        checkLength(`series[${i}].y`, series.y, series.x.length);
        checkLength(`series[${i}].low`, series.low, series.x.length);
        checkLength(`series[${i}].high`, series.high, series.x.length);
      }
      break;
    case "bars":
      for (const [i, series] of spec.series.entries()) {
        checkLength(`series[${i}].y`, series.y, spec.categories.length);
        checkLength(`series[${i}].low`, series.low, spec.categories.length);
        checkLength(`series[${i}].high`, series.high, spec.categories.length);
      }
      break;
    case "heatmap":
      checkLength("values", spec.values, spec.rows.length);
      for (const [i, row] of spec.values.entries()) checkLength(`values[${i}]`, row, spec.columns.length);
      break;
    case "image":
      for (const [i, image] of spec.images.entries()) {
        checkLength(`images[${i}].data`, image.data, image.width * image.height * image.channels);
      }
      break;
    case "grid":
      for (const plot of spec.plots) checkSpec(plot);
      break;
    default:
      break;
  }
}
