import { ArgumentError } from "@lab/core";
import type { Command } from "@lab/core/experiment";
import { knnProbe, linearProbe } from "@lab/core/metrics";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { readLabels, readMatrix } from "./read-data.js";

interface Split {
  x: tf.Tensor2D;
  labels: Int32Array;
}

/** A fifth of the rows, drawn by the seed, is held out. */
function heldOut({ x, labels }: Split, seed: number): [train: Split, test: Split] {
  const order = new Generator(seed).permutation(labels.length);
  const numTest = Math.max(1, Math.floor(labels.length / 5));
  const part = (rows: Int32Array): Split => ({
    x: tf.tidy(() => tf.gather(x, tf.tensor1d(rows, "int32"))),
    labels: rows.map((row) => labels[row]!),
  });
  return [part(order.subarray(numTest)), part(order.subarray(0, numTest))];
}

/** `lab ssl probe`: kNN and a linear classifier on features. */
export const probeCommand: Command = {
  path: ["ssl", "probe"],
  summary: "Judge features by nearest neighbours and by a linear classifier",
  options: {
    features: {
      type: "positional",
      description: "Features [rows, columns] as .npy, or a folder of lab ssl train",
      required: true,
    },
    labels: { type: "string", description: "Classes [rows] as .npy; by default labels.npy of the folder" },
    test: { type: "string", description: "Features to be classified; by default a fifth of the rows" },
    "test-labels": { type: "string", description: "Their classes" },
    k: { type: "number", description: "Neighbours that vote", default: 20 },
    temperature: { type: "number", description: "Temperature of their weights", default: 0.07 },
    seed: { type: "number", description: "Seed of the held-out rows", default: 0 },
  },
  async run({ options, init, print, json, signal }) {
    const given = String(options.features);
    const isFile = given.endsWith(".npy");
    const labelFile = options.labels ?? (isFile ? undefined : `${given}/labels.npy`);
    if (labelFile === undefined || (options.test === undefined) !== (options["test-labels"] === undefined)) {
      throw new ArgumentError(
        "lab ssl probe: labels is undefined; classes of the features, and of test where it is given, were expected",
        { argument: "labels", value: undefined },
      );
    }
    await init();
    const x = await readMatrix("features", isFile ? given : `${given}/features.npy`);
    const all: Split = { x, labels: await readLabels("labels", String(labelFile), x.shape[0]) };
    let [train, test] = [all, all];
    if (options.test === undefined) {
      [train, test] = heldOut(all, Number(options.seed));
      x.dispose();
    } else {
      const other = await readMatrix("test", String(options.test));
      test = {
        x: other,
        labels: await readLabels("test-labels", String(options["test-labels"]), other.shape[0]),
      };
    }
    try {
      const k = Math.min(Number(options.k), train.labels.length);
      const near = await knnProbe(train, test, { k, temperature: Number(options.temperature), signal });
      const line = await linearProbe(train, test, { signal });
      const result = {
        knn: near.accuracy,
        linear: line.accuracy,
        train: train.labels.length,
        test: test.labels.length,
      };
      print(
        json
          ? JSON.stringify(result)
          : `kNN (k ${k}) ${(100 * result.knn).toFixed(1)} %, linear ${(100 * result.linear).toFixed(1)} % of ${result.test} rows, from ${result.train}`,
      );
      return 0;
    } finally {
      tf.dispose([train.x, test.x]);
    }
  },
};
