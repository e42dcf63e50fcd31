import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { device } from "@lab/core";
import { renderSvg } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { classSweepExperiment as experiment } from "../src/experiments/class-sweep.js";
import { experiments } from "../src/experiments/index.js";
import { weightDecayExperiment } from "../src/experiments/weight-decay.js";

const folder = mkdtempSync(join(tmpdir(), "lab-class-sweep-"));
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("each paper has one main experiment", () => {
  const main = experiments.filter(({ isMain }) => isMain ?? true).map(({ paper }) => paper.arxiv);
  expect(main.slice().sort()).toEqual(["2202.08325", "2204.03632"]);
});

test("da-class-sweep runs on glyphs, resumes, judges nothing and draws", async () => {
  vi.stubEnv("LAB_DATA_DIR", undefined);
  const params = experiment.params("quick");
  for (const part of params.parts)
    Object.assign(part, { options: { halve: true, hidden: 8, steps: 5, numTrain: 50, numTest: 60 } });
  const run = (onProgress: (p: { done: number }) => void) =>
    experiment.run({
      params,
      seed: 1,
      generator: new Generator(1),
      device: device(),
      data: { dir: join(folder, "nothing") },
      store: join(folder, "store"),
      runner: "inline",
      signal: new AbortController().signal,
      onProgress,
    });
  const before = tf.memory().numTensors;
  const result = await run(() => {});
  expect(tf.memory().numTensors).toBe(before);
  const again: number[] = [];
  const resumed = await run(({ done }) => again.push(done));
  expect(resumed).toEqual(result);
  const summary = experiment.summarise([{ seed: 1, result: JSON.parse(JSON.stringify(result)) }], "quick");
  expect(summary.verdict).toBe("not at this scale");
  expect(summary.table).toHaveLength(3 * 11);
  for (const figure of summary.figures) expect(renderSvg(figure)).toContain("<svg");
});

/** Predictions in which class c of a setting has so many of 100 images right. */
function predictions(right: readonly number[]): number[] {
  return right.flatMap((k, c) => Array.from({ length: 100 }, (_, i) => (i < k ? c : (c + 1) % 10)));
}

test("the verdict follows the predictions", () => {
  const labels = Array.from({ length: 1000 }, (_, i) => Math.floor(i / 100));
  const base = [90, 90, 80, 80, 80, 80, 90, 80, 80, 80];
  const change = (changes: Record<number, number>) => predictions(base.map((v, c) => v + (changes[c] ?? 0)));
  const up = { 2: 5, 3: -4, 4: 9, 5: -3, 7: 5 };
  const verdictOf = (
    mixed: Record<number, number>,
    decayed: Record<number, number>,
    cropped: Record<number, number> = { 2: 3 },
  ) => {
    const result = {
      parts: [
        {
          training: "mlp-mnist",
          data: "mnist",
          labels,
          classNames: null,
          predictions: [predictions(base), change(mixed), change(cropped), change(decayed)],
        },
      ],
    };
    const runs = [1, 2, 3].map((seed) => ({ seed, result }));
    return experiment.summarise(runs, "quick").verdict;
  };
  expect(verdictOf(up, { 5: -9 })).toBe("reproduced");
  expect(verdictOf(up, { 5: -9, 0: -9 })).toBe("partly");
  expect(verdictOf(up, { 5: -9 }, { 8: -2 })).toBe("partly");
  expect(verdictOf({ ...up, 3: 2 }, { 5: -9 })).toBe("failed");
  expect(verdictOf({ ...up, 5: 2 }, { 5: -9 })).toBe("failed");
});

test("da-weight-decay: a decay that harms one class is partly the claim, with a rising average all of it", () => {
  const labels = Array.from({ length: 1000 }, (_, i) => Math.floor(i / 100));
  const base = [90, 90, 80, 80, 80, 80, 90, 80, 80, 80];
  const change = (changes: Record<number, number>) => predictions(base.map((v, c) => v + (changes[c] ?? 0)));
  const verdictOf = (middle: Record<number, number>, strong: Record<number, number>, seeds = 3) => {
    const part = {
      training: "mlp-mnist",
      data: "mnist",
      labels,
      classNames: null,
      predictions: [predictions(base), change({}), change(middle), change(strong)],
    };
    const runs = Array.from({ length: seeds }, (_, seed) => ({ seed, result: { parts: [part] } }));
    return weightDecayExperiment.summarise(runs, "quick");
  };
  const { verdict, table, figures } = verdictOf({ 5: -1 }, { 5: -8 });
  expect(verdict).toBe("partly");
  expect(table).toHaveLength(33);
  for (const figure of figures) expect(renderSvg(figure)).toContain("<svg");
  expect(verdictOf({}, { 5: -8, 1: -8 }).verdict).toBe("failed");
  // Runs that do not vary: the exact test needs 9 of them for ten classes.
  expect(verdictOf({ 2: 9, 3: 9, 5: -9 }, { 5: -8 }, 9).verdict).toBe("reproduced");
});
