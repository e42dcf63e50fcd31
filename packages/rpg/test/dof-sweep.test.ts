import { ArgumentError } from "@lab/core";
import { renderSvg } from "@lab/core/plot";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { dofPlot, dofSweep, type SweepEvent } from "../src/index.js";

const build = "./test/fixture/two-moons.mjs";
const sweep = { build, settings: { epochs: 6 }, sizes: [40, 200], seeds: [1] };

test("a sweep trains every arm at its number of parameters, in order, and draws", async () => {
  const before = tf.memory().numTensors;
  const events: SweepEvent[] = [];
  const arms = ["rpg", "snip", "magnitude", "random", "narrow", "dense"] as const;
  const result = await dofSweep({ ...sweep, arms, on: (event) => events.push(event) });
  expect(tf.memory().numTensors).toBe(before);
  expect(result.data).toBe("two moons");
  expect(result.rows.map(({ arm, parameters }) => [arm, parameters])).toEqual([
    ["rpg", 40],
    ["rpg", 200],
    ["snip", 40],
    ["snip", 200],
    ["magnitude", 40],
    ["magnitude", 200],
    ["random", 40],
    ["random", 200],
    ["narrow", 32],
    ["narrow", 192],
    ["dense", 672],
  ]);
  expect(events.map(({ done, total }) => [done, total])).toEqual(events.map((_, i) => [i + 1, 11]));
  const accuracy = (arm: string, size: number) =>
    result.rows.find((row) => row.arm === arm && row.size === size)!.accuracy;
  expect(accuracy("rpg", 200)).toBeGreaterThan(85);
  expect(accuracy("dense", 672)).toBeGreaterThan(85);
  const figure = dofPlot(result);
  expect(figure.series.map(({ name }) => name)).toEqual([
    "ring",
    "pruned by SNIP",
    "pruned by magnitude",
    "pruned at random",
    "narrow network",
    "dense",
  ]);
  expect(renderSvg(figure)).toContain("<svg");
});

test("wrong options are refused before anything is trained", async () => {
  await expect(dofSweep({ ...sweep, sizes: [] })).rejects.toThrow(/sizes is empty/);
  await expect(dofSweep({ ...sweep, sizes: [0.5] })).rejects.toThrow(ArgumentError);
  await expect(dofSweep({ ...sweep, arms: ["wide" as never] })).rejects.toThrow(/arms\[0\] is "wide"/);
  await expect(dofSweep({ ...sweep, build: "" })).rejects.toThrow(/build is ""/);
  await expect(dofSweep({ ...sweep, build: "data:text/javascript,export default 1" })).rejects.toThrow(
    "build is a module by data:",
  );
  await expect(dofSweep({ ...sweep, build: "./nothere.mjs" })).rejects.toThrow(
    /nothere\.mjs, which cannot be imported/,
  );
  const noProblem = "./examples/data-parallel/problem.mjs";
  await expect(dofSweep({ ...sweep, build: noProblem })).rejects.toThrow(/has no default export/);
});
