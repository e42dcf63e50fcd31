import { ArgumentError } from "@lab/core";
import type { PlotSpec } from "@lab/core/plot";
import type { LabelPreservation } from "./label-preservation.js";

/** Options of {@link labelFlowPlots}. */
export interface LabelFlowPlotsOptions {
  /** Names of the classes. @defaultValue their numbers */
  classNames?: readonly string[];
  /** Observed change of each class's accuracy, as a share; adds the figure of the index against it. */
  observed?: ArrayLike<number>;
}

/**
 * The flow of labels as a matrix and, with observed effects, the index of each class against its change of accuracy.
 *
 * @param result - Outcome of `labelPreservation`.
 * @param options - See {@link LabelFlowPlotsOptions}.
 * @returns One figure, or two with `observed`; classes without images are left out.
 * @throws {@link ArgumentError} when names or observed values are not one for each class.
 */
export function labelFlowPlots(result: LabelPreservation, options: LabelFlowPlotsOptions = {}): PlotSpec[] {
  const { classNames, observed } = options;
  const classes = result.preserved.length;
  for (const [argument, given] of Object.entries({ classNames, observed }))
    if (given && given.length !== classes)
      throw new ArgumentError(
        `labelFlowPlots: ${argument} has ${given.length} entries; ${classes}, one for each class, were expected`,
        { argument, value: given.length },
      );
  const names = Array.from({ length: classes }, (_, c) => classNames?.[c] ?? String(c));
  const used = names.flatMap((_, c) => (Number.isNaN(result.preserved[c]!) ? [] : [c]));
  const plots: PlotSpec[] = [
    {
      kind: "heatmap",
      title: "Where augmentation takes the images of a class",
      x: { label: "taken for" },
      y: { label: "class" },
      rows: used.map((c) => names[c]!),
      columns: names,
      values: used.map((c) => names.map((_, k) => 100 * result.flow[c * classes + k]!)),
      valueLabel: "share of the class (%)",
    },
  ];
  if (observed)
    plots.push({
      kind: "scatter",
      title: "Predicted against observed change",
      caption: "The index is the share that a class keeps minus what it receives; it is a hint.",
      x: { label: "index of the class" },
      y: { label: "change of accuracy (points)" },
      series: used.map((c) => ({ name: names[c]!, x: [result.index[c]!], y: [100 * observed[c]!] })),
    });
  return plots;
}
