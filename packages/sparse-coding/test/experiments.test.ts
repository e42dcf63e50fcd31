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

test("models are compared at equal sparsity only, between neighbouring points", () => {
  const line = [
    { zeros: 0.5, psnr: 20 },
    { zeros: 0.7, psnr: 18 },
  ];
  expect(atSparsity(line, 0.6)).toBeCloseTo(19, 9);
  expect(atSparsity(line, 0.8)).toBeNull();
  const point = (model: "SDL" | "VDL" | "VDL-NL", zeros: number, psnr: number) => ({
    ...{ model, zeros, psnr, lambda: 0.01, denoisedPsnr: 0, noisyPsnr: 0 },
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
