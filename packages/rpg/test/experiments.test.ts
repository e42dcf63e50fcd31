import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { device } from "@lab/core";
import type { Experiment } from "@lab/core/experiment";
import { renderSvg } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { experiments } from "../src/experiments/index.js";

type Any = Experiment<Record<string, unknown>, { data: string }>;

test("exactly one experiment stands for the paper", () => {
  expect(experiments.filter(({ isMain }) => isMain ?? true).map(({ name }) => name)).toEqual(["rpg-dof"]);
});

for (const experiment of experiments as unknown as Any[]) {
  test(`${experiment.name} runs on generated digits, judges and draws`, async () => {
    const params = {
      ...experiment.params("quick"),
      ...{ numTrain: 100, numTest: 50, epochs: 1, batch: 50 },
      // A network of a twentieth of the weights; rings and rivals keep their sizes.
      ...(experiment.name === "rpg-imagenet" ? {} : { width: 30 }),
      ...{ wrongKeys: 2, labelled: [50], thiefEpochs: 1, sparsities: [0.5] },
    };
    const run = () =>
      experiment.run({
        params,
        seed: 3,
        generator: new Generator(3),
        device: device(),
        data: { dir: "/nonexistent-folder" },
        store: "",
        runner: "inline",
        signal: new AbortController().signal,
        onProgress: () => {},
      });
    const before = tf.memory().numTensors;
    const result = await run();
    expect(tf.memory().numTensors).toBe(before);
    const summary = experiment.summarise([{ seed: 3, result: JSON.parse(JSON.stringify(result)) }], "quick");
    // A tenth of an epoch is no training: the gates must notice.
    if (!["rpg-quantise", "rpg-cnn", "rpg-imagenet"].includes(experiment.name))
      expect(summary.verdict).not.toBe("reproduced");
    expect(summary.table.length).toBeGreaterThan(1);
    for (const figure of summary.figures) expect(renderSvg(figure)).toContain("<svg");
  });
}

test("an experiment that is stopped within an arm goes on to the same numbers", async () => {
  const experiment = experiments.find(({ name }) => name === "rpg-budget") as unknown as Any;
  const params = {
    ...experiment.params("quick"),
    numTrain: 200,
    numTest: 100,
    epochs: 4,
    batch: 20,
    width: 30,
  };
  const run = (store: string, stopAt = Number.POSITIVE_INFINITY) => {
    const stop = new AbortController();
    return experiment.run({
      params,
      seed: 3,
      generator: new Generator(3),
      device: device(),
      data: { dir: "/nonexistent-folder" },
      store,
      runner: "inline",
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done >= stopAt) stop.abort(new Error("stopped"));
      },
    });
  };
  const folder = mkdtempSync(join(tmpdir(), "lab-rpg-"));
  const expected = await run("");
  await expect(run(folder, 1.4)).rejects.toThrow("stopped");
  // The first arm is finished, the second has a checkpoint in its middle.
  expect(readdirSync(folder).sort()).toEqual(["narrow-4020.safetensors", "snip-4000.safetensors"]);
  expect(await run(folder)).toEqual(expected);
  rmSync(folder, { recursive: true });
});

test("the verdict follows the rows", () => {
  const main = experiments[0] as unknown as Experiment<unknown, unknown>;
  const arm = (kind: string, size: number, accuracy: number) => ({ kind, size, parameters: size, accuracy });
  const judge = (plain: number, wrong: number) => {
    const arms = [
      arm("plain", 1000, plain),
      arm("rpg", 250, 73),
      arm("rpg", 1000, 86),
      arm("dense", 418_200, 95),
    ];
    const result = { data: "MNIST", arms, wrongKeys: [wrong] };
    return main.summarise([{ seed: 0, result }], "quick").verdict;
  };
  expect([judge(22, 12), judge(60, 12), judge(22, 70)]).toEqual(["reproduced", "partly", "partly"]);
});
