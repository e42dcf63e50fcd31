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
