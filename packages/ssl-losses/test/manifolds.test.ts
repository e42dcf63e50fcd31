import { clusterAccuracy } from "@lab/core/metrics";
import { mlp, parameters } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { gaussians } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { arrayDataset, type ClusterManifoldsOptions, clusterManifolds } from "../src/index.js";

/** Three clouds in three dimensions, taking turns. */
const COUNT = 60;
const truth = Int32Array.from({ length: COUNT }, (_, i) => i % 3);
const clouds = gaussians(COUNT * 3, 8).map(
  (v, at) => 0.25 * v + (at % 3 === truth[Math.floor(at / 3)] ? 2 : 0),
);
const data = arrayDataset(Float32Array.from(clouds), [COUNT, 3]);
const backbone = () => mlp({ sizes: [3, 24, 16], activation: "elu", generator: new Generator(2) });
const options = (): ClusterManifoldsOptions => ({
  data,
  augment: (x, generator) => tf.add(x, generator.normal(x.shape, 0, 0.2)),
  backbone: backbone(),
  numClusters: 3,
  constraint: 20,
  epsilonSquared: 0.05,
  embedding: { epochs: 10, batchSize: 30, dim: 6 },
  heads: { dim: 3, steps: 50, learningRate: 0.02 },
  restarts: 2,
  seed: 1,
});

test("three clouds are found without labels, and nothing but the result is left", async () => {
  const given = options();
  const before = tf.memory().numTensors;
  const seen = new Set<string>();
  const result = await clusterManifolds({ ...given, onProgress: ({ message }) => seen.add(message!) });
  expect(await clusterAccuracy(result.labels, truth)).toBe(1);
  expect(result.membership.shape).toEqual([COUNT, 3]);
  expect(Math.max(...result.attempts.map((a) => a.reductionRatio))).toBe(result.reductionRatio);
  expect([...seen]).toEqual(["embedding", "3 clusters"]);
  result.membership.dispose();
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([...parameters(given.backbone, "all").values()]);
});

test("an unknown number of clusters is chosen by the rate reduction, and a third stage trains all", async () => {
  const given = options();
  const before = tf.memory().numTensors;
  const start = await parameters(given.backbone).get("0/kernel")!.data();
  const result = await clusterManifolds({
    ...given,
    numClusters: "unknown",
    candidates: [2, 3],
    embedding: { epochs: 0 },
    heads: { dim: 3, steps: 10, learningRate: 0.02 },
    restarts: 1,
    finetune: { steps: 3 },
  });
  expect(result.numClusters).toBe(result.membership.shape[1]);
  expect(result.attempts.at(-1)!.reductionRatio).toBe(result.reductionRatio);
  const end = await parameters(given.backbone).get("0/kernel")!.data();
  expect(end.some((value, i) => value !== start[i])).toBe(true);
  result.membership.dispose();
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([...parameters(given.backbone, "all").values()]);
});

test("wrong options and an abort are refused without leaving anything", async () => {
  const given = options();
  const before = tf.memory().numTensors;
  await expect(clusterManifolds({ ...given, numClusters: 1 })).rejects.toThrow(/numClusters is 1/);
  await expect(clusterManifolds({ ...given, numClusters: "unknown", candidates: [] })).rejects.toThrow(
    /candidates is empty/,
  );
  await expect(clusterManifolds({ ...given, heads: { dim: 2 } })).rejects.toThrow(/dim is 2/);
  const controller = new AbortController();
  const run = clusterManifolds({
    ...given,
    embedding: { epochs: 0 },
    signal: controller.signal,
    onProgress: ({ done }) => done > 2 && controller.abort(new Error("stop")),
  });
  await expect(run).rejects.toThrow("stop");
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([...parameters(given.backbone, "all").values()]);
});
