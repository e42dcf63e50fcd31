import type { Experiment, ExperimentContext, Mode, Summary } from "@lab/core/experiment";
import { renderSvg } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import { expect, test } from "vitest";
import { daMoments } from "../src/experiments/da-moments.js";
import { daSaliency } from "../src/experiments/da-saliency.js";
import { daSamples } from "../src/experiments/da-samples.js";
import { daSamplingFree, logSlope } from "../src/experiments/da-sampling-free.js";
import { experiments } from "../src/experiments/index.js";

/** Draws all figures. */
function checkFigures(summary: Summary): Summary {
  expect(summary.figures.length).toBeGreaterThan(0);
  for (const figure of summary.figures) expect(renderSvg(figure)).toContain("<svg");
  return summary;
}

/** Runs an experiment on glyphs with parameters of its own. */
async function small<P, R>(experiment: Experiment<P, R>, params: Partial<P>): Promise<Summary> {
  const seen: number[] = [];
  const result = await experiment.run({
    params: { ...experiment.params("quick"), ...params },
    seed: 0,
    generator: new Generator(0),
    data: { dir: "/nowhere" },
    signal: new AbortController().signal,
    onProgress: ({ done }: { done: number }) => seen.push(done),
  } as unknown as ExperimentContext<P>);
  expect(seen.length).toBeGreaterThan(0);
  // Results are stored as JSON between runs.
  const stored = JSON.parse(JSON.stringify(result)) as R;
  return checkFigures(experiment.summarise([{ seed: 0, result: stored }], "quick"));
}

test("one experiment of each paper is the main one", () => {
  for (const arxiv of ["2202.08325", "2204.03632"]) {
    const own = experiments.filter(({ paper }) => paper.arxiv === arxiv);
    expect(own.filter(({ isMain }) => isMain !== false)).toHaveLength(1);
  }
  expect(new Set(experiments.map(({ name }) => name)).size).toBe(experiments.length);
});

test("da-moments predicts the error of sampled mean images", async () => {
  const summary = await small(daMoments, { repeats: 8, samples: 4, maxNodes: 64 });
  expect(summary.table).toHaveLength(8);
  for (const row of summary.table) {
    const ratio = (row["sampled error, observed"] as number) / (row["sampled error, predicted"] as number);
    expect(Math.abs(ratio - 1)).toBeLessThan(0.7);
  }
});

test("da-sampling-free approaches the closed form like 1/K", async () => {
  const summary = await small(daSamplingFree, { train: 40, test: 40, views: [4, 16, 64] });
  const excess = summary.table.slice(0, 3).map((row) => row["excess loss"] as number);
  expect(Math.min(...excess)).toBeGreaterThan(0);
  expect(Math.abs(logSlope([4, 16, 64], excess) + 1)).toBeLessThan(0.25);
});

const judged = (experiment: { summarise: Experiment["summarise"] }, result: unknown, mode: Mode) =>
  checkFigures(experiment.summarise([{ seed: 0, result }], mode));

test("da-samples is judged by its gate", () => {
  const policy = (data: string, name: string, crossEntropy: number, covariance: number, ratio?: number) => ({
    data,
    policy: name,
    mean: [2000, 3000],
    squared: [2500, 2600],
    crossEntropy: [crossEntropy, crossEntropy],
    covariance: [covariance, covariance],
    curve: [16, 64].map((count) =>
      ratio === undefined
        ? { count, ratios: [], predicted: [], observed: [] }
        : { count, ratios: [ratio], predicted: [0.1], observed: [0.1 * ratio] },
    ),
  });
  const verdict = (...policies: ReturnType<typeof policy>[]) =>
    judged(daSamples as unknown as Experiment, { policies }, "quick").verdict;
  const crop = "crop [0.08, 1]";
  expect(verdict(policy("mnist", "rotation", 15000, 13000, 1.05))).toBe("partly");
  expect(verdict(policy("mnist", "rotation", 4000, 13000, 1.05))).toBe("failed");
  expect(verdict(policy("mnist", "rotation", 15000, 9000, 1.05))).toBe("failed");
  expect(verdict(policy("mnist", "rotation", 15000, 13000, 1.2))).toBe("failed");
  expect(verdict(policy("glyphs", "rotation", 15000, 13000, 1))).toBe("not at this scale");
  const digits = policy("mnist", "rotation", 15000, 13000, 1);
  expect(verdict(digits, policy("cifar10", crop, 1000, 100000))).toBe("partly");
  expect(verdict(digits, policy("cifar10", crop, 6000, 100000))).toBe("failed");
});

test("da-saliency is judged by its gate", () => {
  const result = (changes: { alignment?: number; shifted?: number; ratio?: number; data?: string } = {}) => ({
    data: changes.data ?? "mnist",
    rows: [
      { training: "no augmentation", test: 0.86, shifted: 0.65, alignment: 7, sd: 2.2 },
      { training: "mean image", test: 0.85, shifted: 0.66, alignment: 3.4, sd: 2.5 },
      {
        training: "penalty",
        test: 0.87,
        shifted: changes.shifted ?? 0.78,
        alignment: changes.alignment ?? 1,
        sd: 0.8,
      },
      { training: "augmentation", test: 0.91, shifted: 0.88, alignment: 1.1, sd: 0.1 },
    ],
    delta: [
      { reach: 0.05, correlation: 0.999, ratio: changes.ratio ?? 0.98 },
      { reach: 0.25, correlation: 0.97, ratio: 0.8 },
    ],
  });
  const verdict = (own: unknown, mode: Mode) =>
    judged(daSaliency as unknown as Experiment, own, mode).verdict;
  expect(verdict(result(), "full")).toBe("reproduced");
  expect(verdict(result(), "quick")).toBe("partly");
  expect(verdict(result({ ratio: 0.5 }), "full")).toBe("partly");
  expect(verdict(result({ alignment: 2 }), "full")).toBe("partly");
  expect(verdict(result({ alignment: 8 }), "full")).toBe("failed");
  expect(verdict(result({ shifted: 0.6 }), "full")).toBe("failed");
  expect(verdict(result({ data: "glyphs" }), "full")).toBe("not at this scale");
});
