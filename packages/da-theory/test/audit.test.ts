import { readdirSync, readFileSync } from "node:fs";
import { renderSvg } from "@lab/core/plot";
import { describe, expect, test } from "vitest";
import {
  type AuditInput,
  type AuditTest,
  auditClasses,
  type ClassAudit,
  classRegret,
  ringModel,
} from "../src/audit/index.js";
import { spearman } from "../src/audit/spearman.js";
import { simulateAudit } from "./simulate-audit.js";

interface Golden {
  labels: number[];
  runs: { setting: string; seed: number; predictions: number[] }[];
  expected: Record<string, Record<string, number[]> & { averageP: number }>;
  spearman: number[];
}
const golden = JSON.parse(readFileSync(new URL("./reference/audit.json", import.meta.url), "utf8")) as Golden;
const input: AuditInput = { labels: golden.labels, runs: golden.runs };
const quick = { reference: "none", draws: 50 };

const close = (actual: readonly number[], expected: readonly number[], digits = 9) => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((v, i) => {
    expect(v).toBeCloseTo(expected[i]!, digits);
  });
};
const effectsOf = (audit: ClassAudit, setting: string) => audit.effects.filter((e) => e.setting === setting);

describe("against scipy", () => {
  test.each(["crop", "decay"])("paired t and corrections of %s", (setting) => {
    const e = golden.expected[setting]!;
    const audit = auditClasses(input, quick);
    const effects = effectsOf(audit, setting);
    close(
      effects.map(({ delta }) => delta),
      e.delta!,
    );
    close(
      effects.map(({ p }) => p),
      e.pairedT!,
    );
    close(
      effects.map(({ adjustedP }) => adjustedP),
      e.holm!,
    );
    expect(audit.average.find((a) => a.setting === setting)!.p).toBeCloseTo(e.averageP, 9);
    for (const correction of ["bh", "by"] as const) {
      const other = auditClasses(input, { ...quick, correction });
      close(
        effectsOf(other, setting).map(({ adjustedP }) => adjustedP),
        e[correction]!,
      );
    }
  });

  test.each(["welch", "signFlip", "permutation"] satisfies AuditTest[])("%s", (name) => {
    for (const setting of ["crop", "decay"]) {
      const audit = auditClasses(input, { ...quick, test: name });
      close(
        effectsOf(audit, setting).map(({ p }) => p),
        golden.expected[setting]![name]!,
      );
    }
  });

  test("McNemar for single runs", () => {
    const runs = golden.runs.filter(({ seed }) => seed === 0);
    const audit = auditClasses({ ...input, runs }, quick);
    expect(audit.tests.map(({ test: name }) => name)).toEqual(["mcnemar", "mcnemar"]);
    for (const setting of ["crop", "decay"])
      close(
        effectsOf(audit, setting).map(({ p }) => p),
        golden.expected[setting]!.mcnemar!,
      );
    expect(audit.toMarkdown()).toContain("this pair of models only");
  });

  test("Spearman", () => {
    close(
      [spearman([1, 2, 3, 5], [0.1, 0.3, 0.2, 0.9]), spearman([1, 2, 3, 5], [0.5, 0.5, 0.4, 0.1])],
      golden.spearman,
    );
  });
});

test("Welch's test is taken where seeds differ", () => {
  const runs = golden.runs.map((run) => (run.setting === "crop" ? { ...run, seed: run.seed + 10 } : run));
  const audit = auditClasses({ ...input, runs }, quick);
  expect(audit.tests).toEqual([
    { setting: "crop", test: "welch" },
    { setting: "decay", test: "pairedT" },
  ]);
  close(
    effectsOf(audit, "crop").map(({ p }) => p),
    golden.expected.crop!.welch!,
  );
});

test("pairs follow seeds, not the order of the runs", () => {
  const shuffled = [...golden.runs].reverse();
  const audit = auditClasses({ ...input, runs: shuffled }, quick);
  close(
    effectsOf(audit, "crop").map(({ p }) => p),
    golden.expected.crop!.pairedT!,
  );
});

test("outcomes instead of predictions give the same but who took the images", () => {
  const runs = golden.runs.map(({ setting, seed, predictions }) => ({
    setting,
    seed,
    outcomes: predictions.map((p, i) => (p === golden.labels[i] ? 1 : 0)),
  }));
  const [one, other] = [auditClasses(input, quick), auditClasses({ ...input, runs }, quick)];
  expect(other.effects.map(({ takenBy }) => takenBy)).toEqual(other.effects.map(() => []));
  const rest = ({ effects }: ClassAudit) => effects.map(({ takenBy: _, ...e }) => e);
  expect(rest(other)).toEqual(rest(one));
});

test("a planted loser is named, with the class that takes its images", () => {
  const audit = auditClasses(
    simulateAudit({ seed: 5, runs: 8, classes: 6, images: 150, effects: { 2: -1.2 } }),
    {
      reference: "a",
      draws: 200,
    },
  );
  const losers = audit.effects.filter(({ verdict }) => verdict === "loses");
  expect(losers.map(({ class: c }) => c)).toEqual([2]);
  expect(losers[0]!.deltaInterval[1]).toBeLessThan(0);
  expect(losers[0]!.takenBy[0]!.class).toBe(3);
  expect(audit.heterogeneity[0]!.p).toBeLessThan(0.05);
  expect(audit.worst[1]!.class).toBe(2);
});

test("the shape of the report: Markdown, JSON, figures", () => {
  const audit = auditClasses(input, quick);
  const text = audit.toMarkdown();
  for (const part of ["## Average", "## Losers", "## Winners", "## Regret"]) expect(text).toContain(part);
  const json = audit.toJSON() as { effects: unknown[]; regret: unknown };
  expect(json.effects).toHaveLength(8);
  expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  const plots = audit.plots();
  expect(plots.map(({ kind }) => kind)).toEqual(["bars", "heatmap", "bars", "bars"]);
  for (const plot of plots) expect(renderSvg(plot)).toContain("<svg");
  const strengths: Record<string, number> = { none: 0, crop: 0.5, decay: 1 };
  const numeric = golden.runs.map((run) => ({ ...run, setting: strengths[run.setting]! }));
  const ordered = auditClasses({ ...input, runs: numeric }, { ...quick, reference: 0 });
  expect(ordered.strength).toHaveLength(4);
  expect(ordered.plots()[0]!.kind).toBe("line");
});

test("too few runs are told from an undecided test", () => {
  const few = (n: number, name: AuditTest) => {
    const data = simulateAudit({ seed: 3, runs: n, classes: 10, images: 40, effects: {} });
    const audit = auditClasses(data, { reference: "a", draws: 1, test: name });
    return [
      new Set(audit.effects.map(({ verdict }) => verdict)),
      audit.runsMissing,
      audit.effects[0]!.minimumP,
    ];
  };
  // 10 classes: 2 / 2^R ≤ .005 from R = 9, 2 / C(2R, R) ≤ .005 from R = 6.
  expect(few(3, "signFlip")).toEqual([new Set(["tooFewRuns"]), 6, 0.25]);
  expect(few(9, "signFlip")).toEqual([new Set(["undecided"]), 0, 2 / 512]);
  expect(few(5, "permutation")).toEqual([new Set(["tooFewRuns"]), 1, 2 / 252]);
  expect(few(6, "permutation")).toEqual([new Set(["undecided"]), 0, 2 / 924]);
});

test("a class without images is kept and not counted", () => {
  const withGap = { ...input, classNames: ["a", "b", "c", "d", "nobody"] };
  const audit = auditClasses(withGap, quick);
  const gap = audit.effects.find(({ name }) => name === "nobody")!;
  expect([gap.count, gap.accuracy, gap.adjustedP]).toEqual([0, Number.NaN, Number.NaN]);
  close(
    effectsOf(audit, "crop")
      .slice(0, 4)
      .map(({ adjustedP }) => adjustedP),
    golden.expected.crop!.holm!,
  );
});

test("intervals: degenerate data give points, more draws do not move them, one seed gives the same bits", () => {
  const runs = ["a", "b"].flatMap((setting) =>
    [0, 1, 2].map((seed) => ({ setting, seed, predictions: [0, 0, 1, setting === "a" ? 1 : 0] })),
  );
  const audit = auditClasses({ labels: [0, 0, 1, 1], runs }, { reference: "a", draws: 200 });
  expect(audit.effects[0]!.deltaInterval).toEqual([0, 0]);
  // Both images of class 1 are drawn twice: 0, 1 or 2 of them changed.
  expect(audit.effects[1]!.deltaInterval).toEqual([-1, 0]);
  const again = auditClasses(input, quick);
  expect(again.toJSON()).toEqual(auditClasses(input, quick).toJSON());
  const [few, many] = [500, 4000].map(
    (draws) => auditClasses(input, { ...quick, draws }).effects[1]!.deltaInterval,
  );
  close(few!, many!, 1);
});

describe("regret", () => {
  const accuracies = (setting: string, right: readonly number[]) =>
    [0, 1, 2, 3].map((seed) => ({
      setting,
      seed,
      predictions: right.flatMap((k, c) => Array.from({ length: 10 }, (_, i) => (i < k ? c : 1 - c))),
    }));
  const labels = Array.from({ length: 20 }, (_, i) => (i < 10 ? 0 : 1));

  test("without noise both values are the loss of the class", () => {
    const runs = [...accuracies("x", [9, 5]), ...accuracies("y", [6, 10])];
    const regret = classRegret({ labels, runs });
    expect(regret.chosen).toBe("y");
    expect(regret.classes.map(({ class: c, best }) => [c, best])).toEqual([
      [0, "x"],
      [1, "y"],
    ]);
    close(
      regret.classes.map((r) => r.regret),
      [0.3, 0],
    );
    close(
      regret.classes.map((r) => r.naive),
      [0.3, 0],
    );
  });

  test("settings that are alike: the naive regret is biased, the cross-fitted one is not", () => {
    let [naive, fitted] = [0, 0];
    for (let seed = 0; seed < 20; seed++) {
      const regret = classRegret(simulateAudit({ seed, runs: 6, classes: 10, images: 60, effects: {} }), {
        splits: 10,
      });
      naive += regret.classes.reduce((sum, r) => sum + r.naive / 200, 0);
      fitted += regret.classes.reduce((sum, r) => sum + r.regret / 200, 0);
    }
    expect(naive).toBeGreaterThan(0.005);
    expect(Math.abs(fitted)).toBeLessThan(0.003);
  });

  test("one run cannot be halved", () => {
    const runs = [...accuracies("x", [9, 5]).slice(0, 1), ...accuracies("y", [6, 10]).slice(0, 1)];
    const regret = classRegret({ labels, runs });
    expect([regret.splits, regret.classes[0]!.regret]).toEqual([0, Number.NaN]);
  });
});

test.each([
  [0.3, 1, 1],
  [0.6, 1, 0.933333],
  [0.8, 1, 0.8],
  [0.99, 1, 0.61],
])("ring model, turn %d", (augmentation, a, b) => {
  const result = ringModel({ widthA: 0.1, widthB: 0.5, distance: 1, augmentation });
  expect(result.a).toBeCloseTo(a, 6);
  expect(result.b).toBeCloseTo(b, 6);
});

test("ring model: classes of one width share alike; far classes keep everything", () => {
  const { a, b } = ringModel({ widthA: 0.4, widthB: 0.4, distance: 0.6, augmentation: 0.3 });
  expect(a).toBeCloseTo(b, 12);
  expect(a).toBeCloseTo(0.875, 12); // the border is half way, at 0.3 of [-0.4, 0.4]
  expect(ringModel({ widthA: 0.1, widthB: 0.5, distance: 3, augmentation: 0 })).toEqual({ a: 1, b: 1 });
});

test.each<[string, AuditInput, object, string]>([
  [
    "lengths",
    { labels: [0, 1], runs: [{ setting: 0.3, seed: 2, predictions: [1] }] },
    { reference: 0.3 },
    "auditClasses: run 0 (setting 0.3, seed 2) has 1 predictions and there are 2 labels",
  ],
  [
    "reference",
    { labels: [0], runs: [0.08, 0.3, 1].map((setting) => ({ setting, seed: 0, predictions: [0] })) },
    { reference: "none" },
    "auditClasses: no run has setting 'none'; settings are 0.08, 0.3, 1",
  ],
  [
    "twice",
    { labels: [0], runs: [0, 0].map((seed) => ({ setting: "a", seed, predictions: [0] })) },
    { reference: "a" },
    "auditClasses: run 1 (setting a, seed 0) is there twice; one run for each setting and seed was expected",
  ],
  [
    "predictions",
    { labels: [0], runs: [{ setting: "a", seed: 0, predictions: [0.5] }] },
    { reference: "a" },
    "auditClasses: run 0 (setting a, seed 0) has 0.5 as predictions[0]; a class number was expected",
  ],
  [
    "outcomes",
    { labels: [0], runs: [{ setting: "a", seed: 0, outcomes: [2] }] },
    { reference: "a" },
    "auditClasses: run 0 (setting a, seed 0) has 2 as outcomes[0]; 0 or 1 was expected",
  ],
  [
    "neither",
    { labels: [0], runs: [{ setting: "a", seed: 0 }] },
    { reference: "a" },
    "auditClasses: run 0 (setting a, seed 0) has neither predictions nor outcomes; one of them is needed",
  ],
  [
    "labels",
    { labels: [-1], runs: [{ setting: "a", seed: 0, predictions: [0] }] },
    { reference: "a" },
    "auditClasses: labels[0] is -1; a class number from 0 was expected",
  ],
])("errors: %s", (_, bad, options, message) => {
  expect(() => auditClasses(bad, options as { reference: string })).toThrow(message);
});

test("error rates without effect, and power with one", () => {
  let [rejected, tests, families, found] = [0, 0, 0, 0];
  const audits = 120;
  for (let seed = 0; seed < audits; seed++) {
    const audit = auditClasses(simulateAudit({ seed, runs: 5, classes: 10, images: 50, effects: {} }), {
      reference: "a",
      draws: 1,
    });
    rejected += audit.effects.filter(({ p }) => p <= 0.05).length;
    tests += audit.effects.length;
    if (audit.effects.some(({ verdict }) => verdict === "wins" || verdict === "loses")) families++;
    const planted = simulateAudit({ seed, runs: 8, classes: 10, images: 200, effects: { 4: -1 } });
    if (seed < 30) {
      const { effects } = auditClasses(planted, { reference: "a", draws: 1 });
      if (effects[4]!.verdict === "loses") found++;
    }
  }
  // Four standard errors around .05 of 1200 tests; the slow test is sharper.
  expect(rejected / tests).toBeGreaterThan(0.025);
  expect(rejected / tests).toBeLessThan(0.075);
  expect(families / audits).toBeLessThan(0.11);
  expect(found).toBeGreaterThan(24);
});

test("the audit imports no tensors", () => {
  const folder = new URL("../src/audit/", import.meta.url);
  for (const file of readdirSync(folder)) {
    const text = readFileSync(new URL(file, folder), "utf8");
    for (const [line, , module] of text.matchAll(/^(?:import|export) (type )?[^;]*?from "([^"]+)";/gm)) {
      const isPlain = module!.startsWith("./") || module === "@lab/core" || line.startsWith("import type");
      expect([file, module, isPlain]).toEqual([file, module, true]);
    }
  }
});
