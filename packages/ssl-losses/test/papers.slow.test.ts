import { device } from "@lab/core";
import { findData } from "@lab/core/data";
import type { Experiment } from "@lab/core/experiment";
import { Generator } from "@lab/core/random";
import { expect, test } from "vitest";
import { experiments } from "../src/experiments/index.js";

const HOUR = 3_600_000;
const hasDigits = (await findData("optdigits", {})) !== null;

/** The full protocol over its seeds, and what its gate says. */
async function judged(name: string): Promise<string> {
  const experiment = experiments.find((one) => one.name === name) as Experiment;
  const runs = [];
  for (let seed = 1; seed <= experiment.seeds!.full!; seed++) {
    const result = await experiment.run({
      params: experiment.params("full"),
      seed,
      generator: new Generator(seed),
      device: device(),
      data: { dir: undefined },
      store: "unused",
      runner: "inline",
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    runs.push({ seed, result });
  }
  const { verdict, measured } = experiment.summarise(runs, "full");
  return `${verdict}: ${measured}`;
}

test("the decoupled loss helps small batches, and q grows with the batch", { timeout: HOUR }, async () => {
  expect(await judged("ssl-small-batches")).toMatch(/^reproduced/);
});

test("linear networks collapse by depth and by augmentation as expected", { timeout: HOUR }, async () => {
  expect(await judged("ssl-dimensional-collapse")).toMatch(/^reproduced/);
});

test("columns outside of DirectCLR's loss learn too", { timeout: HOUR }, async () => {
  expect(await judged("ssl-direct-clr")).toMatch(/^reproduced/);
});

test("the double spiral is separated, and only with augmentation", { timeout: HOUR }, async () => {
  expect(await judged("ssl-double-spiral")).toMatch(/^reproduced/);
});

test.skipIf(!hasDigits)("digits are clustered without labels", { timeout: HOUR }, async () => {
  expect(await judged("ssl-manifold-clustering")).toMatch(/^reproduced/);
});
