import type { ExperimentContext, Row, Run } from "@lab/core/experiment";
import type { LinePlot } from "@lab/core/plot";
import { auditClasses } from "../audit/audit-classes.js";
import type { AuditInput, ClassAudit } from "../audit/types.js";
import { classSweep } from "../sweep/class-sweep.js";
import type { SweepSetting } from "../sweep/sweep-handler.js";

/** The second paper. */
export const classPaper = {
  title: "The Effects of Regularization and Data Augmentation are Class Dependent",
  authors: "R. Balestriero, L. Bottou, Y. LeCun",
  year: 2022,
  arxiv: "2204.03632",
} as const;

/** A setting, and where it stands on the axis of its strength. */
export interface Arm extends SweepSetting {
  /** Its name. */
  name: string;
  /** Where it stands on the axis of the figure. */
  strength?: number;
}

/** One training and its settings. */
export interface Part {
  /** Which built-in training. */
  training: "mlp-mnist" | "cnn-cifar";
  /** Settings, the reference first. */
  arms: Arm[];
  /** Options of the training. */
  options: Record<string, unknown>;
}

/** Parameters: what is swept. */
export interface SweepParams {
  /** What is swept, data set by data set. */
  parts: Part[];
}

/** Predictions of one seed. */
export interface SeedResult {
  /** Data set by data set; predictions setting by setting. */
  parts: {
    training: string;
    data: string;
    labels: number[];
    classNames: string[] | null;
    predictions: number[][];
  }[];
}

/** The reference. */
export const NONE = "none";

/** Crops and mirror images. */
export function cropFlip(low: number, flip: number): Arm {
  return {
    name: `crop ≥ ${low} + flip ${flip}`,
    transform: { crop: { scale: [low, 1] }, flip },
    strength: Math.round(100 * (1 - low)) / 100,
  };
}

/** Crops alone. */
export const crop = (low: number): Arm => ({
  name: `crop ≥ ${low}`,
  transform: { crop: { scale: [low, 1] } },
});
/** Weight decay alone. */
export const decay = (weightDecay: number): Arm => ({ name: `decay ${weightDecay}`, weightDecay });
/** Neither augmentation nor decay. */
export const none: Arm = { name: NONE, strength: 0 };

/** Pictures at half the size and a higher rate: a quarter of the cost of the full protocol. */
export const QUICK = { halve: true, hidden: 128, steps: 600, learningRate: 1e-2 };

/** Trains every setting of every part with one seed. */
export async function runSweep(context: ExperimentContext<SweepParams>): Promise<SeedResult> {
  const { params, seed, signal, onProgress } = context;
  const total = params.parts.reduce((sum, part) => sum + part.arms.length, 0);
  let before = 0;
  const parts: SeedResult["parts"] = [];
  for (const { training, arms, options } of params.parts) {
    const result = await classSweep({
      settings: arms.map(({ strength: _, ...setting }) => setting),
      seeds: [seed],
      handler: training,
      store: context.store,
      options: { ...options, ...(context.data.dir !== undefined && { dir: context.data.dir }) },
      runner: context.runner,
      signal,
      onProgress: ({ done }) => onProgress({ done: before + done, total, message: training }),
    });
    before += arms.length;
    parts.push({
      training,
      data: result.data ?? "",
      labels: Array.from(result.labels),
      classNames: result.classNames ? [...result.classNames] : null,
      predictions: result.runs.map(({ predictions }) => Array.from(predictions!)),
    });
  }
  return { parts };
}

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
export function auditPart(runs: readonly Run<SeedResult>[], part: Part, at: number): ClassAudit {
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
export function rowsOf(audit: ClassAudit, data: string): Row[] {
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
export function strengthPlot(
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
export function significantNote(audits: readonly ClassAudit[], names: readonly string[]): string {
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
