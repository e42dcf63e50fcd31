import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { device } from "@lab/core";
import { Generator } from "@lab/core/random";
import { experiments } from "@lab/sparse-coding/experiments";
import { expect, test } from "vitest";
import {
  type CollapseParams,
  type CollapseResult,
  collapse,
  verdictOf,
} from "../src/experiments/collapse.js";
import { atSparsity, decoders, gains } from "../src/experiments/decoders.js";
import { advantage, denoising, denoisingVerdict } from "../src/experiments/denoising.js";
import { labelGain, labels, labelsVerdict } from "../src/experiments/labels.js";
import { distances, sweep, sweepVerdict } from "../src/experiments/sweep.js";

test("one experiment is the main one, and names the paper", () => {
  expect(experiments.filter((e) => e.isMain ?? true)).toHaveLength(1);
  for (const e of experiments) expect(e.paper.arxiv).toBe("2112.09214");
});

test("the verdict follows from the four conditions", () => {
  expect(verdictOf({ l1: 0.4, std: 0.2, norm: 3.2, balance: 0.02 })).toBe("reproduced");
  expect(verdictOf({ l1: 0.4, std: 0.3, norm: 3.2, balance: 0.02 })).toBe("partly");
  expect(verdictOf({ l1: 1.1, std: 1, norm: 1, balance: 0.02 })).toBe("not at this scale");
});

test("a few updates give rows, figures and no claim", async () => {
  const seen: number[] = [];
  const params: CollapseParams = {
    train: 500,
    test: 250,
    steps: 6,
    codeDim: 16,
    arms: ["SDL", "VDL", "none"],
    preset: "strokes",
  };
  const result = await collapse.run({
    params,
    seed: 1,
    generator: new Generator(1),
    device: device(),
    data: { dir: undefined },
    store: "",
    runner: "inline",
    signal: new AbortController().signal,
    onProgress: ({ done }) => seen.push(done),
  });
  const copy = JSON.parse(JSON.stringify(result)) as CollapseResult;
  const summary = collapse.summarise([{ seed: 1, result: copy }], "quick");
  expect(summary.verdict).not.toBe("reproduced");
  expect(summary.table).toHaveLength(3);
  expect(summary.figures.map((f) => f.kind)).toEqual(["line", "histogram", "image"]);
  expect(seen.at(-1)).toBe(18);
});

const context = <P>(params: P, store = "") => ({
  params,
  seed: 1,
  generator: new Generator(1),
  device: device(),
  data: { dir: undefined },
  store,
  runner: "inline" as const,
  signal: new AbortController().signal,
  onProgress: () => {},
});

test("denoising is judged by the best models with and without the variance term, and resumed by model", async () => {
  const store = await mkdtemp(join(tmpdir(), "lab-"));
  const params = {
    ...denoising.params("quick"),
    train: 250,
    test: 40,
    steps: 2,
    lambdas: { SDL: 0.01, VDL: 0.02 },
  };
  const result = await denoising.run(context(params, store));
  // Stored results are taken as they are: the data are not looked at.
  expect(await denoising.run(context({ ...params, steps: 999 }, store))).toEqual(result);
  const summary = denoising.summarise([{ seed: 1, result }], "quick");
  expect(summary.table).toHaveLength(4);
  expect(summary.figures.map((f) => f.kind)).toEqual(["bars", "image"]);
  expect(result.arms[0]!.reports[0]!.noisyPsnr).toBeCloseTo(11.3, 0);
  const [a, b] = result.arms.map(({ reports }) => reports[0]!.denoisedPsnr);
  expect(advantage([{ seed: 1, result }])).toBeCloseTo(b! - a!, 9);
  expect([0.3, 0.1, -1].map(denoisingVerdict)).toEqual(["reproduced", "partly", "not at this scale"]);
});

test("few labels: pixels, codes and the network trained on labels alone are classified alike", async () => {
  const params = {
    ...labels.params("quick"),
    test: 300,
    steps: 2,
    models: ["VDL" as const],
    perClass: [2, 20],
    draws: 1,
  };
  const result = await labels.run(context(params));
  expect(result.arms.map(({ input }) => input)).toEqual(["pixels", "VDL", "end to end"]);
  const [pixels, codes] = result.arms;
  expect(pixels!.accuracy[1]!).toBeGreaterThan(0.5);
  expect(labelGain([{ seed: 1, result }], "VDL")).toBeCloseTo(codes!.accuracy[0]! - pixels!.accuracy[0]!, 9);
  expect(labels.summarise([{ seed: 1, result }], "quick").table).toHaveLength(3);
  expect([0.02, 0.001, -0.1].map(labelsVerdict)).toEqual(["reproduced", "partly", "not at this scale"]);
});

test("the sweep compares measured and predicted deviations, setting by setting", async () => {
  const settings = [{ lambda: 0.02, batchSize: 250, isPerSample: true }];
  const result = await sweep.run(context({ steps: 2, settings }));
  const { measured, predicted } = result.points[0]!;
  expect(distances([{ seed: 1, result }])[0]).toBeCloseTo(Math.abs(measured / predicted - 1), 9);
  expect(sweep.summarise([{ seed: 1, result }], "quick").table[0]).toMatchObject({ N: 250, β: 10 });
  expect([[0.05, 0.1], [0.05, 0.05, 0.3], [0.2]].map(sweepVerdict)).toEqual([
    "reproduced",
    "partly",
    "not at this scale",
  ]);
});

test("models are compared at equal sparsity only, between neighbouring points", () => {
  const line = [
    { zeros: 0.5, psnr: 20 },
    { zeros: 0.7, psnr: 18 },
  ];
  expect(atSparsity(line, 0.6)).toBeCloseTo(19, 9);
  expect(atSparsity(line, 0.8)).toBeNull();
  const point = (model: "SDL" | "VDL" | "VDL-NL", zeros: number, psnr: number) => ({
    ...{ model, zeros, psnr, lambda: 0.01, denoisedPsnr: 0, noisyPsnr: 0, inferredZeros: 0, inferredPsnr: 0 },
  });
  const points = [
    point("SDL", 0.5, 20),
    point("SDL", 0.7, 18),
    point("VDL", 0.6, 19.5),
    point("VDL-NL", 0.6, 21),
  ];
  expect(gains(points).variance[0]).toBeCloseTo(0.5, 9);
  expect(gains(points).deep).toEqual([]);
});

test("the comparison of decoders runs and claims nothing from one point a model", async () => {
  const result = await decoders.run({
    params: { steps: 20, lambdas: { SDL: [0.01], VDL: [0.02] } },
    seed: 1,
    generator: new Generator(1),
    device: device(),
    data: { dir: undefined },
    store: "",
    runner: "inline",
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  const summary = decoders.summarise([{ seed: 1, result }], "quick");
  expect(summary.verdict).toBe("not at this scale");
  expect(summary.measured).toContain("no point to compare");
  expect(summary.table).toHaveLength(2);
  expect(result.points[0]!.noisyPsnr).toBeCloseTo(11.3, 0);
});
