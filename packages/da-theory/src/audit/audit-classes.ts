import { checkChoice, checkInteger, checkNumber } from "@lab/core";
import { auditPlots } from "./audit-plots.js";
import { auditJson, auditMarkdown } from "./audit-report.js";
import { bootstrapIntervals } from "./bootstrap.js";
import { regretOf } from "./class-regret.js";
import { countOf, findReference, pairing, type RunTable, readRuns, type SettingRuns } from "./read-runs.js";
import {
  type ChosenTest,
  chooseTest,
  minimumOf,
  permuteRows,
  signFlipRows,
  testAverage,
  testImages,
  testRuns,
} from "./run-tests.js";
import { spearman } from "./spearman.js";
import { adjustPValues, type Correction, clopperPearson } from "./statistics.js";
import type {
  AuditInput,
  AuditTest,
  ClassAudit,
  ClassEffect,
  ClassVerdict,
  Heterogeneity,
  Run,
  StrengthCorrelation,
  TakenBy,
} from "./types.js";

/** Options of {@link auditClasses}. */
export interface AuditOptions {
  /** Setting that the others are compared with. */
  reference: Run["setting"];
  /** Error that is allowed. @defaultValue 0.05 */
  alpha?: number;
  /** How p values of the classes of one setting are adjusted. @defaultValue `"holm"` */
  correction?: Exclude<Correction, "bonferroni">;
  /**
   * Test of a difference. `auto` is the paired t test of run accuracies where both settings have the same seeds, Welch's
   * test otherwise, and McNemar's test of images where each has one run. @defaultValue `"auto"`
   */
  test?: AuditTest;
  /** Smallest difference of accuracy that counts as a win or a loss. @defaultValue 0 */
  minimumEffect?: number;
  /** Coverage of the intervals. @defaultValue 0.95 */
  confidence?: number;
  /** Resamples for the intervals. @defaultValue 2000 */
  draws?: number;
  /** Seed of resamples, splits and random arrangements. @defaultValue 0 */
  seed?: number;
}

const TESTS = ["auto", "pairedT", "welch", "signFlip", "permutation", "mcnemar"] as const;
const CORRECTIONS = ["holm", "bh", "by", "none"] as const;
const SPLITS = 50;
const MOST_TAKERS = 5;

type Checked = Required<AuditOptions>;

function checkOptions(o: AuditOptions): Checked {
  const inside = { above: 0, below: 1 };
  return {
    reference: o.reference,
    alpha: checkNumber("auditClasses", "alpha", o.alpha ?? 0.05, inside),
    correction: checkChoice("auditClasses", "correction", o.correction ?? "holm", CORRECTIONS),
    test: checkChoice("auditClasses", "test", o.test ?? "auto", TESTS),
    minimumEffect: checkNumber("auditClasses", "minimumEffect", o.minimumEffect ?? 0, { min: 0, below: 1 }),
    confidence: checkNumber("auditClasses", "confidence", o.confidence ?? 0.95, inside),
    draws: checkInteger("auditClasses", "draws", o.draws ?? 2000, { min: 1, max: 65_535 }),
    seed: checkInteger("auditClasses", "seed", o.seed ?? 0, { min: 0 }),
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Mean number of images of a class that each class gets in a run. */
function meanPredictions(table: RunTable, own: SettingRuns, c: number): Map<number, number> | undefined {
  const counts = new Map<number, number>();
  for (const predictions of own.predictions) {
    if (!predictions) return undefined;
    for (let i = table.start[c]!; i < table.start[c + 1]!; i++)
      counts.set(predictions[i]!, (counts.get(predictions[i]!) ?? 0) + 1);
  }
  for (const [other, images] of counts) counts.set(other, images / own.predictions.length);
  return counts;
}

function takersOf(table: RunTable, own: SettingRuns, reference: SettingRuns, c: number): TakenBy[] {
  const after = meanPredictions(table, own, c);
  const before = meanPredictions(table, reference, c);
  if (!after || !before) return [];
  return [...after]
    .map(([other, images]) => ({ class: other, images: images - (before.get(other) ?? 0) }))
    .filter((taker) => taker.class !== c && taker.images > 1e-9)
    .sort((x, y) => y.images - x.images || x.class - y.class)
    .slice(0, MOST_TAKERS);
}

/** Least adjusted p value that these tests can give: all classes at the least p value. */
function leastAdjusted(minimum: number, classes: number, correction: Correction): number {
  return adjustPValues(new Array<number>(classes).fill(minimum), correction)[0] ?? 1;
}

function runsMissing(test: ChosenTest, a: number, b: number, classes: number, o: Checked): number {
  if (test === "mcnemar" || classes === 0) return 0;
  for (let more = 0; more < 64; more++) {
    const chosen = test === "none" ? (a === b ? "pairedT" : "welch") : test;
    const [x, y] = [a + more, b + more];
    if (x > 1 && y > 1 && leastAdjusted(minimumOf(chosen, x, y), classes, o.correction) <= o.alpha)
      return more;
  }
  return 64;
}

function heterogeneityOf(
  own: SettingRuns,
  reference: SettingRuns,
  used: readonly number[],
  seed: number,
): Heterogeneity {
  const rowsOf = (runs: readonly Float64Array[]) => runs.map((acc) => used.map((c) => acc[c]!));
  const centred = (row: readonly number[]) => {
    const m = mean(row);
    return row.map((v) => v - m);
  };
  const order = pairing(own, reference);
  const a = rowsOf(own.accuracy);
  const b = rowsOf(order ? order.map((r) => reference.accuracy[r]!) : reference.accuracy);
  const { setting } = own;
  if (order) {
    const rows = a.map((row, r) => centred(row.map((v, c) => v - b[r]![c]!)));
    return {
      setting,
      ...signFlipRows(rows, seed),
      minimumP: minimumOf("signFlip", rows.length, rows.length),
    };
  }
  const result = permuteRows(a.map(centred), b.map(centred), seed);
  return { setting, ...result, minimumP: minimumOf("permutation", a.length, b.length) };
}

function effectsOf(
  table: RunTable,
  own: SettingRuns,
  reference: SettingRuns,
  test: ChosenTest,
  o: Checked,
): Omit<ClassEffect, "interval" | "deltaInterval">[] {
  const order = pairing(own, reference);
  const [runs, referenceRuns] = [own.seeds.length, reference.seeds.length];
  const minimumP = minimumOf(test, runs, referenceRuns);
  const p = table.names.map((_, c) => {
    if (countOf(table, c) === 0) return Number.NaN;
    if (test === "mcnemar")
      return testImages(own.correct[0]!, reference.correct[0]!, table.start[c]!, table.start[c + 1]!);
    const b = order ? order.map((r) => reference.accuracy[r]!) : reference.accuracy;
    return testRuns(
      test,
      own.accuracy.map((acc) => acc[c]!),
      b.map((acc) => acc[c]!),
      o.seed,
    );
  });
  const adjusted = adjustPValues(p, o.correction);
  const tested = p.filter((v) => !Number.isNaN(v)).length;
  const canShow =
    test !== "none" && (test === "mcnemar" || leastAdjusted(minimumP, tested, o.correction) <= o.alpha);
  return table.names.map((name, c) => {
    const accuracy = mean(own.accuracy.map((acc) => acc[c]!));
    const delta = accuracy - mean(reference.accuracy.map((acc) => acc[c]!));
    const isShown = adjusted[c]! <= o.alpha && Math.abs(delta) >= o.minimumEffect && delta !== 0;
    const verdict: ClassVerdict = isShown
      ? delta > 0
        ? "wins"
        : "loses"
      : canShow
        ? "undecided"
        : "tooFewRuns";
    return {
      class: c,
      name,
      setting: own.setting,
      count: countOf(table, c),
      accuracy,
      delta,
      p: p[c]!,
      adjustedP: adjusted[c]!,
      minimumP,
      verdict: countOf(table, c) === 0 ? "undecided" : verdict,
      takenBy: takersOf(table, own, reference, c),
    };
  });
}

function strengthOf(table: RunTable, used: readonly number[]): StrengthCorrelation[] {
  const numeric = table.settings.filter(({ setting }) => typeof setting === "number");
  if (numeric.length < 3) return [];
  const strengths = numeric.map(({ setting }) => setting as number);
  return used.map((c) => ({
    class: c,
    spearman: spearman(
      strengths,
      numeric.map((own) => mean(own.accuracy.map((acc) => acc[c]!))),
    ),
  }));
}

/**
 * Says for every class what each setting does to its accuracy, and what is known about that.
 *
 * The effect on class c is $\Delta_c(s) = \bar a_{sc} - \bar a_{s_0 c}$, the bar over trainings. Tests are of run
 * accuracies, not of pooled images: trainings of one setting differ by more than their images explain. p values of the
 * classes of a setting are adjusted together. Intervals of differences resample runs within a setting and images within a
 * class, the same images for both settings.
 *
 * @param input - Labels and runs; see {@link AuditInput}.
 * @param options - See {@link AuditOptions}.
 * @returns Effects, averages, heterogeneity and regret, with the report as Markdown, JSON and figures.
 * @throws {@link ArgumentError} when a run does not fit the labels, a seed occurs twice under a setting, or no run has the
 * reference setting.
 * @remarks A class without images is kept with accuracy `NaN` and is not counted in the correction. With one run for each
 * setting the result is about this pair of models only. A class is `tooFewRuns` when its difference is not significant and
 * an exact test of this many runs could not have shown any.
 * @see Balestriero, Bottou, LeCun (2022), The effects of regularization and data augmentation are class dependent.
 * @example
 * ```ts
 * import { auditClasses } from "@lab/da-theory/audit";
 *
 * const labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1];
 * const before = [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0];
 * const after = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
 * const runs = [
 *   { setting: "none", seed: 0, predictions: before },
 *   { setting: "flip", seed: 0, predictions: after },
 * ];
 * const { effects } = auditClasses({ labels, runs }, { reference: "none" });
 * effects.map(({ delta }) => delta); // => [-1, 0.5]
 * effects.map(({ p }) => p); // => [0.03125, 0.25]
 * effects[0]?.takenBy; // => [{ class: 1, images: 6 }]
 * ```
 */
export function auditClasses(input: AuditInput, options: AuditOptions): ClassAudit {
  const o = checkOptions(options);
  const table = readRuns("auditClasses", input);
  const reference = findReference("auditClasses", table, o.reference);
  const intervals = bootstrapIntervals(table, reference, o);
  const others = table.settings.filter((own) => own !== reference);
  const used = table.names.flatMap((_, c) => (countOf(table, c) > 0 ? [c] : []));
  const tests = others.map((own) => ({ setting: own.setting, test: chooseTest(o.test, own, reference) }));

  const effects = others.flatMap((own, s) =>
    effectsOf(table, own, reference, tests[s]!.test, o).map((effect): ClassEffect => {
      const c = effect.class;
      const { accuracy, delta } = intervals.get(own)!;
      const isSingle = own.seeds.length === 1 && effect.count > 0;
      const hits = Math.round(effect.accuracy * effect.count);
      return {
        ...effect,
        interval: isSingle ? clopperPearson(hits, effect.count, o.confidence) : accuracy[c]!,
        deltaInterval: delta[c]!,
      };
    }),
  );
  const overall = (own: SettingRuns) =>
    used.reduce(
      (sum, c) => sum + (mean(own.accuracy.map((acc) => acc[c]!)) * countOf(table, c)) / table.numImages,
      0,
    );
  const average = [reference, ...others].map((own) => {
    const { average: interval, averageDelta } = intervals.get(own)!;
    const accuracy = overall(own);
    const test = own === reference ? undefined : tests[others.indexOf(own)]!.test;
    return {
      setting: own.setting,
      runs: own.seeds.length,
      accuracy,
      interval,
      delta: accuracy - overall(reference),
      deltaInterval: averageDelta,
      p: test === undefined ? 1 : testAverage(table, test, own, reference, o.seed),
    };
  });
  const worst = [reference, ...others].map((own) => {
    const values = used.map((c) => mean(own.accuracy.map((acc) => acc[c]!)));
    const least = Math.min(...values);
    const range = Math.max(...values) - least;
    return { setting: own.setting, class: used[values.indexOf(least)]!, accuracy: least, range };
  });
  const audit: ClassAudit = {
    reference: reference.setting,
    effects,
    average,
    heterogeneity: others.map((own) => heterogeneityOf(own, reference, used, o.seed)),
    regret: regretOf(table, SPLITS, o.seed),
    worst,
    strength: strengthOf(table, used),
    runsMissing: Math.max(
      0,
      ...others.map((own, s) =>
        runsMissing(tests[s]!.test, own.seeds.length, reference.seeds.length, used.length, o),
      ),
    ),
    tests,
    toMarkdown: () => auditMarkdown(audit, { ...o, names: table.names }),
    toJSON: () => auditJson(audit),
    plots: () => auditPlots(audit, table, reference, intervals),
  };
  return audit;
}
