import type { Correction } from "./statistics.js";
import type { ClassAudit, ClassEffect } from "./types.js";

const percent = (value: number) => (Number.isNaN(value) ? "–" : (100 * value).toFixed(1));
const points = (value: number) =>
  Number.isNaN(value) ? "–" : `${value > 0 ? "+" : ""}${(100 * value).toFixed(1).replace("-", "−")}`;
const interval = ([low, high]: [number, number], form: (v: number) => string) =>
  `${form(low)} … ${form(high)}`;
const pValue = (p: number) => (Number.isNaN(p) ? "–" : p < 0.0001 ? "< 0.0001" : p.toPrecision(2));
const cell = (text: string | number) => String(text).replaceAll("|", "\\|").replaceAll("\n", " ");

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

const WORDS = {
  pairedT: "paired t test of run accuracies",
  welch: "Welch's t test of run accuracies",
  signFlip: "exact sign-flip test of run accuracies",
  permutation: "permutation test of run accuracies",
  mcnemar: "McNemar's test of images, about this pair of models only",
  none: "no test: too few runs, or seeds that do not agree",
} as const;

const CORRECTED: Record<Correction, string> = {
  holm: "Holm",
  bh: "Benjamini-Hochberg",
  by: "Benjamini-Yekutieli",
  bonferroni: "Bonferroni",
  none: "no correction",
};

function effectRows(effects: readonly ClassEffect[], names: readonly string[]): (string | number)[][] {
  return effects
    .slice()
    .sort((a, b) => a.delta - b.delta)
    .map((e) => [
      e.name,
      String(e.setting),
      percent(e.accuracy),
      points(e.delta),
      interval(e.deltaInterval, points),
      pValue(e.p),
      pValue(e.adjustedP),
      e.takenBy.map((t) => `${names[t.class] ?? t.class} (${t.images.toFixed(1)})`).join(", "),
    ]);
}

const EFFECT_HEAD = [
  "class",
  "setting",
  "accuracy %",
  "Δ points",
  "interval",
  "p",
  "adjusted p",
  "taken by (images a run)",
];

/** The report of an audit. */
export function auditMarkdown(
  audit: ClassAudit,
  o: { alpha: number; correction: Correction; confidence: number; names: readonly string[] },
): string {
  const by = (verdict: ClassEffect["verdict"]) => audit.effects.filter((e) => e.verdict === verdict);
  const lines = [`# Class audit against setting ${audit.reference}`, ""];
  const kinds = [...new Set(audit.tests.map(({ test }) => WORDS[test]))];
  lines.push(
    `Test: ${kinds.join("; ") || "none"}. Adjusted for ${o.names.length} classes: ${CORRECTED[o.correction]}, α = ${o.alpha}. ` +
      `Intervals: ${100 * o.confidence} %, runs and images resampled.`,
    "",
    "## Average",
    "",
    ...table(
      [
        "setting",
        "runs",
        "accuracy %",
        "Δ points",
        "interval",
        "p",
        "effect differs by class, p",
        "worst class",
        "its accuracy %",
      ],
      audit.average.map((a, i) => [
        String(a.setting),
        a.runs,
        percent(a.accuracy),
        i === 0 ? "reference" : points(a.delta),
        i === 0 ? "" : interval(a.deltaInterval, points),
        i === 0 ? "" : pValue(a.p),
        i === 0 ? "" : pValue(audit.heterogeneity[i - 1]!.p),
        o.names[audit.worst[i]!.class] ?? "",
        percent(audit.worst[i]!.accuracy),
      ]),
    ),
    "",
  );
  for (const [verdict, title] of [
    ["loses", "Losers"],
    ["wins", "Winners"],
  ] as const) {
    const found = by(verdict);
    lines.push(`## ${title}`, "");
    lines.push(
      ...(found.length ? table(EFFECT_HEAD, effectRows(found, o.names)) : ["None is significant."]),
      "",
    );
  }
  const open = [...by("undecided"), ...by("tooFewRuns")].filter((e) => e.count > 0);
  lines.push("## Not significant", "");
  lines.push(...(open.length ? table(EFFECT_HEAD, effectRows(open, o.names)) : ["Nothing."]), "");
  if (audit.runsMissing > 0)
    lines.push(
      `An exact test could not be significant after correction with so few runs; ${audit.runsMissing} more for each setting are needed.`,
      "",
    );
  const { regret } = audit;
  lines.push(
    "## Regret",
    "",
    `The best average has setting ${regret.chosen}. What classes give up for it, in points${regret.splits ? `, measured on other runs than chosen (${regret.splits} splits)` : ""}:`,
    "",
    ...table(
      ["class", "best setting", "regret", "regret on the same runs"],
      regret.classes.slice(0, 10).map((r) => [r.name, String(r.best), points(r.regret), points(r.naive)]),
    ),
    "",
    "A class can lose because its labels overlap with those of the class that takes its images: look at these images first.",
  );
  return `${lines.join("\n")}\n`;
}

/** The audit as data without functions. */
export function auditJson(audit: ClassAudit): unknown {
  const { toMarkdown: _, toJSON: __, plots: ___, ...data } = audit;
  return JSON.parse(JSON.stringify(data));
}
