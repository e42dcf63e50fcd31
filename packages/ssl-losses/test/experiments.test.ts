import { device } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { experiments } from "../src/experiments/index.js";

const tiny: Record<string, unknown> = {
  "ssl-small-batches": { batches: [16, 32], strong: [16], weighted: true, samples: 128, train: 64, test: 32 },
  "ssl-dimensional-collapse": {
    layers: [1, 2],
    noises: [0.01, 3],
    steps: 100,
    noiseSteps: 100,
    batchSize: 8,
  },
  "ssl-direct-clr": { samples: 64, batch: 32, train: 64, test: 32 },
  "ssl-double-spiral": {
    count: 96,
    steps: 4,
    headSteps: 3,
    restarts: 2,
    embeddings: 1,
    control: true,
  },
  "ssl-manifold-clustering": {
    count: 100,
    steps: 6,
    batch: 50,
    restarts: 2,
    headSteps: 6,
    elasticNet: true,
  },
};

test.each(experiments)("$name runs, judges itself from its rows and leaves no tensor", async (experiment) => {
  const before = tf.memory().numTensors;
  let last = 0;
  const result = await experiment.run({
    params: tiny[experiment.name],
    seed: 1,
    generator: new Generator(1),
    device: device(),
    data: { dir: undefined },
    store: "unused",
    runner: "inline",
    signal: new AbortController().signal,
    onProgress: ({ done }) => {
      last = done;
    },
  });
  expect(last).toBeGreaterThan(0);
  expect(tf.memory().numTensors).toBe(before);
  const summary = experiment.summarise([{ seed: 1, result: JSON.parse(JSON.stringify(result)) }], "quick");
  expect(summary.table.length).toBeGreaterThan(1);
  expect(summary.figures.length).toBeGreaterThan(0);
  // Some updates do not reproduce a paper: the gate must say so.
  expect(summary.verdict).not.toBe("reproduced");
});

test("gains count only where every arm has learned", () => {
  const experiment = experiments.find(({ name }) => name === "ssl-small-batches")!;
  const judge = (small: number, large: number) =>
    experiment.summarise(
      [
        {
          seed: 1,
          result: {
            raw: 0.15,
            arms: [
              { batch: 16, freshness: 0.5, loss: "NT-Xent", knn: 0.5, coupling: 0.1 },
              { batch: 16, freshness: 0.5, loss: "DCL", knn: small, coupling: 0.1 },
              { batch: 256, freshness: 0.5, loss: "NT-Xent", knn: large, coupling: 0.9 },
              { batch: 256, freshness: 0.5, loss: "DCL", knn: large, coupling: 0.9 },
            ],
          },
        },
      ],
      "quick",
    ).verdict;
  expect(judge(0.65, 0.6)).toBe("reproduced");
  expect(judge(0.65, 0.04)).toBe("partly");
  expect(judge(0.45, 0.6)).toBe("failed");
});

const verdictOf = (name: string, result: unknown) =>
  experiments.find((one) => one.name === name)!.summarise([{ seed: 1, result }], "full").verdict;

test("every ratio of the collapse must be near the expected one", () => {
  const judge = (factor: number, collapsed: number) =>
    verdictOf("ssl-dimensional-collapse", {
      depth: [0, collapsed, 8, 11].map((count, i) => ({
        layers: i + 1,
        collapsed: count,
        spectrum: [1, 0.5],
      })),
      augmentation: Object.entries({ 0.01: 0.78, 1: 0.18, 1.5: 0.063, 2: 0.025 * factor, 3: 0.006 })
        .map(([noise, ratio]) => ({ noise: Number(noise), ratio }))
        .sort((a, b) => a.noise - b.noise),
    });
  expect(judge(1.2, 3)).toBe("reproduced");
  expect(judge(1.3, 3)).toBe("partly");
  expect(judge(1.2, 5)).toBe("partly");
});

test("DirectCLR must lead the better of two arms, and its own columns", () => {
  const judge = (direct: number, subVector: number) =>
    verdictOf("ssl-direct-clr", {
      arms: Object.entries({
        "no projector": 0.68,
        "linear projector": 0.69,
        "two-layer projector": 0.9,
        DirectCLR: direct,
      }).map(([arm, probe]) => ({ arm, probe, effectiveRank: 20 })),
      subVector,
    });
  expect(judge(0.73, 0.55)).toBe("reproduced");
  expect(judge(0.71, 0.55)).toBe("partly");
  expect(judge(0.73, 0.6)).toBe("partly");
  expect(judge(0.68, 0.6)).toBe("failed");
});

test("a spiral is believed by its rate reduction, and labels only check that", () => {
  const outcome = (reduction: number, accuracy: number) => ({
    reduction,
    accuracy,
    attempts: [],
    labels: [0, 1],
  });
  const judge = (reduction: number, accuracy: number, control: number) =>
    verdictOf("ssl-double-spiral", {
      augmented: outcome(reduction, accuracy),
      control: outcome(5.89, control),
      points: [0, 0, 1, 1],
    });
  expect(judge(5.88, 1, 0.6)).toBe("reproduced");
  expect(judge(5.88, 0.7, 0.6)).toBe("failed");
  expect(judge(5.5, 1, 0.6)).toBe("not at this scale");
  expect(judge(5.88, 1, 0.9)).toBe("partly");
  expect(judge(5.94, 0.6, 0.6)).toBe("not at this scale"); // more than equal clusters can have
});
