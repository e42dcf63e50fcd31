import { findData } from "@lab/core/data";
import type { Experiment, ExperimentContext, Mode, Summary } from "@lab/core/experiment";
import { Generator } from "@lab/core/random";
import { expect, test } from "vitest";
import { daMoments } from "../src/experiments/da-moments.js";
import { daSaliency } from "../src/experiments/da-saliency.js";
import { daSamples } from "../src/experiments/da-samples.js";
import { daSamplingFree } from "../src/experiments/da-sampling-free.js";

// The gates of the specification, section 3.2, on MNIST where LAB_DATA_DIR has it; on glyphs there is no verdict.
const hasMnist = (await findData("mnist")) !== null;

async function judged<P, R>(
  experiment: Experiment<P, R>,
  mode: Mode,
  seeds: readonly number[],
  params: Partial<P> = {},
): Promise<Summary> {
  const runs: { seed: number; result: R }[] = [];
  for (const seed of seeds) {
    const result = await experiment.run({
      params: { ...experiment.params(mode), ...params },
      seed,
      generator: new Generator(seed),
      data: { dir: undefined },
      signal: new AbortController().signal,
      onProgress: () => {},
    } as unknown as ExperimentContext<P>);
    runs.push({ seed, result });
  }
  return experiment.summarise(runs, mode);
}

test("P1: counts of samples, and the error at 64 of them", async () => {
  const summary = await judged(daSamples, "quick", [0]);
  expect(summary.verdict).toBe(hasMnist ? "partly" : "not at this scale");
  const [, ratio] = /error at 64: ([\d.]+)/.exec(summary.measured)!;
  expect(Math.abs(Number(ratio) - 1)).toBeLessThanOrEqual(0.15);
}, 600_000);

test("P2: sampled fits approach the closed form", async () => {
  const summary = await judged(daSamplingFree, "full", [0, 1, 2], { test: 200 });
  expect(summary.verdict).toBe(hasMnist ? "reproduced" : "not at this scale");
}, 600_000);

test("P3: regulariser and saliency", async () => {
  const summary = await judged(daSaliency, "full", [0]);
  expect(summary.verdict).toBe(hasMnist ? "reproduced" : "not at this scale");
}, 900_000);

test("moments of common augmentations predict sampling errors", async () => {
  expect((await judged(daMoments, "full", [0])).verdict).toBe("reproduced");
}, 600_000);
