import type { Row, Run, Summary, Verdict } from "@lab/core/experiment";
import type { LinePlot } from "@lab/core/plot";
import { auditClasses } from "../audit/audit-classes.js";
import type { AuditInput, ClassAudit } from "../audit/types.js";
import { NONE, type Part, type SeedResult } from "./sweep-parts.js";

/** A check of the gate. */
export interface Check {
  /** What was asked and what was found. */
  text: string;
  /** Whether it holds. */
  isMet: boolean;
}

/** A share as signed points. */
export const points = (value: number) => `${value >= 0 ? "+" : "−"}${Math.abs(100 * value).toFixed(1)}`;

/** The audit of one part over all seeds. */
function auditPart(runs: readonly Run<SeedResult>[], part: Part, at: number): ClassAudit {
  const first = runs[0]!.result.parts[at]!;
  const input: AuditInput = {
    labels: first.labels,
    ...(first.classNames && { classNames: first.classNames }),
    runs: runs.flatMap(({ seed, result }) =>
      part.arms.map(({ name }, i) => ({
        setting: name,
        seed,
        predictions: result.parts[at]!.predictions[i]!,
      })),
    ),
  };
  return auditClasses(input, { reference: NONE, draws: 1000 });
}

/** Effect of a setting on a class. */
export const effectOn = (audit: ClassAudit, setting: string, c: number) =>
  audit.effects.find((e) => e.setting === setting && e.class === c)?.delta ?? Number.NaN;
/** Effect of a setting on the average. */
export const averageOf = (audit: ClassAudit, setting: string) =>
  audit.average.find((a) => a.setting === setting)?.delta ?? Number.NaN;

/** A check with its value. */
export function check(text: string, value: number, isMet: boolean): Check {
  return { text: `${text}: ${points(value)} (${isMet ? "met" : "not met"})`, isMet };
}

/** Rows of the result table. */
function rowsOf(audit: ClassAudit, data: string): Row[] {
  const round = (value: number) => Math.round(1000 * value) / 10;
  return audit.average.slice(1).flatMap((a) => [
    {
      data,
      setting: a.setting,
      class: "average",
      "accuracy %": round(a.accuracy),
      "change (points)": round(a.delta),
      from: round(a.deltaInterval[0]),
      to: round(a.deltaInterval[1]),
      "adjusted p": Number.isNaN(a.p) ? null : a.p,
      outcome: "",
    },
    ...audit.effects
      .filter(({ setting }) => setting === a.setting)
      .sort((x, y) => x.delta - y.delta)
      .map((e) => ({
        data,
        setting: e.setting,
        class: e.name,
        "accuracy %": round(e.accuracy),
        "change (points)": round(e.delta),
        from: round(e.deltaInterval[0]),
        to: round(e.deltaInterval[1]),
        "adjusted p": Number.isNaN(e.adjustedP) ? null : e.adjustedP,
        outcome: e.verdict === "wins" || e.verdict === "loses" ? e.verdict : "not significant",
      })),
  ]);
}

/** Average and most moved classes against the strength of the settings that have one. */
function strengthPlot(
  audit: ClassAudit,
  part: Part,
  data: string,
  strength: { name: string; axis: string },
): LinePlot {
  const arms = part.arms.filter(({ strength }) => strength !== undefined);
  const x = arms.map(({ strength }) => strength!);
  const at = (setting: string, c: number) =>
    audit.effects.find((e) => e.setting === setting && e.class === c);
  const strongest = arms.at(-1)!.name;
  const ranked = audit.effects.filter((e) => e.setting === strongest).sort((a, b) => a.delta - b.delta);
  const shown = [...ranked.slice(0, 3), ...ranked.slice(-2)];
  return {
    kind: "line",
    title: `${data}: change of accuracy against ${strength.name}`,
    caption:
      "Average dashed; the three classes that fall most and the two that gain most, runs and images resampled.",
    x: { label: strength.axis },
    y: { label: "change of accuracy (points)" },
    series: [
      { name: "average", dashed: true, x, y: arms.map(({ name }) => 100 * averageOf(audit, name)) },
      ...shown.map(({ class: c, name: label }) => ({
        name: label === String(c) ? `class ${c}` : label,
        x,
        y: arms.map(({ name }) => 100 * (at(name, c)?.delta ?? 0)),
        low: arms.map(({ name }) => 100 * (at(name, c)?.deltaInterval[0] ?? 0)),
        high: arms.map(({ name }) => 100 * (at(name, c)?.deltaInterval[1] ?? 0)),
      })),
    ],
  };
}

/** Significant effects in words. */
function significantNote(audits: readonly ClassAudit[], names: readonly string[]): string {
  const isPair = audits.every(({ tests }) => tests.every(({ test }) => test === "mcnemar"));
  const scope = isPair ? " With one training for each setting this is about these models only." : "";
  const found = audits.flatMap((audit, at) =>
    audit.effects
      .filter((e) => e.verdict === "loses" || e.verdict === "wins")
      .map((e) => `${names[at]}, ${e.setting}: ${e.name} ${points(e.delta)}`),
  );
  return found.length
    ? `Significant after Holm's correction: ${found.join("; ")}. All other differences are not.${scope}`
    : `No difference of a class is significant after Holm's correction with so few trainings.${scope}`;
}

/** The audits of a sweep, before anything is judged. */
export interface Audited {
  /** One audit for each part. */
  audits: ClassAudit[];
  /** Name of the data of each part. */
  names: string[];
  /** What was swept. */
  parts: readonly Part[];
  /** Trainings for each setting. */
  count: number;
}

/** Audits every part over all seeds. */
export function auditRuns(runs: readonly Run<SeedResult>[], parts: readonly Part[]): Audited {
  return {
    audits: parts.map((part, at) => auditPart(runs, part, at)),
    names: parts.map((_, at) => runs[0]!.result.parts[at]!.data),
    parts,
    count: runs.length,
  };
}

/** What an experiment on classes says beside its audits. */
export interface Judgement {
  /** Without these the claim has failed. */
  claim: readonly Check[];
  /** Without these it is reproduced in part. */
  rest: readonly Check[];
  /** The paper's figure. */
  paperValue: string;
  /** The setting in one line, which begins the measured value. */
  measured: string;
  /** What the figure's axis shows. */
  strength: { name: string; axis: string };
  /** Further notes. */
  notes: readonly string[];
}

/** The summary of a sweep: verdict by its checks, a row for each class, changes against strength, a heat map. */
export function summaryOf({ audits, names, parts, count }: Audited, judgement: Judgement): Summary {
  const { claim, rest, paperValue, measured, strength, notes } = judgement;
  const areMet = (checks: readonly Check[]) => checks.every(({ isMet }) => isMet);
  const judged: Verdict = !areMet(claim) ? "failed" : areMet(rest) ? "reproduced" : "partly";
  return {
    verdict: names.includes("glyphs") ? "not at this scale" : judged,
    paperValue,
    measured,
    table: audits.flatMap((audit, at) => rowsOf(audit, names[at]!)),
    figures: audits.flatMap((audit, at) => [
      strengthPlot(audit, parts[at]!, names[at]!, strength),
      ...audit.plots().filter(({ kind }) => kind === "heatmap"),
    ]),
    notes: [
      `Data: ${names.join(", ")}; ${count} trainings for each setting, the same seeds in all.`,
      ...[...claim, ...rest].map(({ text }) => `Gate: ${text}.`),
      significantNote(audits, names),
      ...notes,
    ],
  };
}
