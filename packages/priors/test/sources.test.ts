import { device } from "@lab/core";
import type { Experiment } from "@lab/core/experiment";
import { renderSvg } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { experiments } from "../src/experiments/index.js";

type Sources = Experiment<Record<string, unknown>, { arms: Record<string, { accuracy: number }[]> }>;
const sources = experiments.find(({ name }) => name === "priors-sources") as unknown as Sources;

test("a source task with labels and one by a loss of @lab/ssl-losses give priors for the same tasks", async () => {
  const before = tf.memory().numTensors;
  const result = await sources.run({
    params: {
      ...sources.params("quick"),
      ...{
        source: 200,
        downstream: 100,
        test: 100,
        sourceSteps: 2,
        collectEvery: 1,
        steps: 3,
        precisions: [1e-5],
      },
    },
    seed: 3,
    generator: new Generator(3),
    device: device(),
    data: { dir: "/nonexistent-folder" },
    store: "",
    runner: "inline",
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  expect(tf.memory().numTensors).toBe(before);
  expect(Object.values(result.arms).map((arms) => arms.length)).toEqual([2, 2]);
  const [labels, contrastive] = Object.values(result.arms).map((arms) =>
    arms.map(({ accuracy }) => accuracy),
  );
  expect(labels).not.toEqual(contrastive);
  const summary = sources.summarise([{ seed: 3, result: JSON.parse(JSON.stringify(result)) }], "quick");
  expect(summary.table.length).toBe(4);
  // Three steps are no training: the gate must notice.
  expect(summary.verdict).not.toBe("reproduced");
  for (const figure of summary.figures) expect(renderSvg(figure)).toContain("<svg");
});
