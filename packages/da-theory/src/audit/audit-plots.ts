import type { BarsPlot, HeatmapPlot, LinePlot, PlotSpec } from "@lab/core/plot";
import type { Intervals } from "./bootstrap.js";
import { countOf, type RunTable, type SettingRuns } from "./read-runs.js";
import type { ClassAudit } from "./types.js";

/** Classes that one figure shows; of more, those with the largest effects. */
const MOST_CLASSES = 12;

const meanOf = (own: SettingRuns, c: number) =>
  own.accuracy.reduce((sum, acc) => sum + acc[c]!, 0) / own.accuracy.length;

/** Figures of an audit. */
export function auditPlots(
  audit: ClassAudit,
  table: RunTable,
  reference: SettingRuns,
  intervals: ReadonlyMap<SettingRuns, Intervals>,
): PlotSpec[] {
  const others = table.settings.filter((own) => own !== reference);
  const largest = new Map<number, number>();
  for (const { class: c, delta, count } of audit.effects)
    if (count > 0) largest.set(c, Math.max(largest.get(c) ?? 0, Math.abs(delta)));
  const shown = [...largest]
    .sort((a, b) => b[1] - a[1])
    .slice(0, MOST_CLASSES)
    .map(([c]) => c)
    .sort((a, b) => a - b);
  const plots: PlotSpec[] = [accuracyPlot(audit, table, [reference, ...others], intervals, shown)];
  if (others.length === 0) return plots;
  plots.push(
    heatmap(table, reference, others, shown),
    ...others.map((own) => effectBars(audit, own, shown, table)),
  );
  return plots;
}

/** Accuracy of the classes and, dashed, of the average against the setting; the best average is in the title. */
function accuracyPlot(
  audit: ClassAudit,
  table: RunTable,
  settings: readonly SettingRuns[],
  intervals: ReadonlyMap<SettingRuns, Intervals>,
  shown: readonly number[],
): LinePlot | BarsPlot {
  const isNumeric = settings.length > 1 && settings.every(({ setting }) => typeof setting === "number");
  const title = `Accuracy of each class; the average is best at ${audit.regret.chosen}`;
  const caption = "Bands resample runs and images.";
  if (isNumeric) {
    const order = settings.slice().sort((a, b) => (a.setting as number) - (b.setting as number));
    const x = order.map(({ setting }) => setting as number);
    return {
      kind: "line",
      title,
      caption,
      x: { label: "setting" },
      y: { label: "accuracy (%)" },
      series: [
        {
          name: "average",
          dashed: true,
          x,
          y: order.map((own) => 100 * audit.average.find((a) => a.setting === own.setting)!.accuracy),
        },
        ...shown.map((c) => ({
          name: table.names[c]!,
          x,
          y: order.map((own) => 100 * meanOf(own, c)),
          low: order.map((own) => 100 * intervals.get(own)!.accuracy[c]![0]),
          high: order.map((own) => 100 * intervals.get(own)!.accuracy[c]![1]),
        })),
      ],
    };
  }
  return {
    kind: "bars",
    title,
    caption,
    categories: ["average", ...shown.map((c) => table.names[c]!)],
    y: { label: "accuracy (%)", domain: [0, 100] },
    series: settings.map((own) => {
      const found = intervals.get(own)!;
      return {
        name: String(own.setting),
        y: [
          100 * audit.average.find((a) => a.setting === own.setting)!.accuracy,
          ...shown.map((c) => 100 * meanOf(own, c)),
        ],
        low: [100 * found.average[0], ...shown.map((c) => 100 * found.accuracy[c]![0])],
        high: [100 * found.average[1], ...shown.map((c) => 100 * found.accuracy[c]![1])],
      };
    }),
  };
}

function heatmap(
  table: RunTable,
  reference: SettingRuns,
  others: readonly SettingRuns[],
  shown: readonly number[],
): HeatmapPlot {
  return {
    kind: "heatmap",
    title: `Change of accuracy against ${reference.setting}`,
    rows: shown.map((c) => table.names[c]!),
    columns: others.map(({ setting }) => String(setting)),
    values: shown.map((c) => others.map((own) => 100 * (meanOf(own, c) - meanOf(reference, c)))),
    valueLabel: "points",
  };
}

function effectBars(
  audit: ClassAudit,
  own: SettingRuns,
  shown: readonly number[],
  table: RunTable,
): BarsPlot {
  const effects = shown
    .filter((c) => countOf(table, c) > 0)
    .map((c) => audit.effects.find((e) => e.setting === own.setting && e.class === c)!)
    .sort((a, b) => a.delta - b.delta);
  const named = effects
    .filter(({ verdict }) => verdict === "wins" || verdict === "loses")
    .map((e) => `${e.name} ${e.verdict} (adjusted p ${e.adjustedP.toPrecision(2)})`);
  return {
    kind: "bars",
    title: `Winners and losers: ${own.setting} against ${audit.reference}`,
    caption: named.length ? `${named.join(", ")}.` : "No class is significant after correction.",
    categories: effects.map(({ name }) => name),
    y: { label: "change of accuracy (points)" },
    series: [
      {
        name: "change",
        y: effects.map(({ delta }) => 100 * delta),
        low: effects.map(({ deltaInterval }) => 100 * deltaInterval[0]),
        high: effects.map(({ deltaInterval }) => 100 * deltaInterval[1]),
      },
    ],
  };
}
