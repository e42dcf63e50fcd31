import { findData, glyphs, mnist, optdigits } from "@lab/core/data";
import * as tf from "@tensorflow/tfjs-core";
import { strokes } from "../data/index.js";

/** Standardised data on the device. */
export interface TrainingData {
  name: string;
  /** Side of a picture in pixels. */
  side: number;
  train: tf.Tensor2D;
  test: tf.Tensor2D;
  /** What values were divided by. */
  scale: number;
}

/** Standardised data with classes. */
export interface LabelledData extends TrainingData {
  trainLabels: Int32Array;
  testLabels: Int32Array;
}

function standardised(name: string, side: number, values: Float32Array, numTrain: number): TrainingData {
  const dim = side * side;
  const train = values.subarray(0, numTrain * dim);
  let [sum, squares] = [0, 0];
  for (const value of train) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / train.length;
  const scale = Math.sqrt(squares / train.length - mean * mean);
  const rows = (part: Float32Array) =>
    tf.tensor2d(
      part.map((v) => (v - mean) / scale),
      [part.length / dim, dim],
    );
  return { name, side, train: rows(train), test: rows(values.subarray(numTrain * dim)), scale };
}

/** How many pictures are taken. */
export interface Counts {
  train: number;
  test: number;
}

/** MNIST where it is found, else drawn figures, standardised by two numbers. */
export async function pictures(dir: string | undefined, seed: number, counts: Counts): Promise<LabelledData> {
  const total = counts.train + counts.test;
  const found = await findData("mnist", { dir });
  const { x, labels } = found
    ? mnist({ dir: found.dir, split: "train" }).arrays({ start: 0, end: total })
    : glyphs({ count: total, seed }).arrays();
  return labelled(
    standardised(found ? "MNIST" : "glyphs (generated)", 28, x, counts.train),
    labels,
    counts.train,
  );
}

/** UCI digits of 8 by 8 pixels where they are found, else drawn figures of 28 by 28. */
export async function digits(dir: string | undefined, seed: number, numTest: number): Promise<LabelledData> {
  const found = await findData("optdigits", { dir });
  if (!found) return pictures(dir, seed, { train: 1500, test: numTest });
  const all = optdigits({ dir: found.dir });
  const { x, labels } = all.arrays({ start: 0, end: all.length });
  const numTrain = all.length - numTest;
  return labelled(standardised("UCI digits", 8, x, numTrain), labels, numTrain);
}

const labelled = (data: TrainingData, labels: Int32Array, numTrain: number): LabelledData => ({
  ...data,
  trainLabels: labels.slice(0, numTrain),
  testLabels: labels.slice(numTrain),
});

/** The strokes of the scaled-down protocol: the first 5000 train, the other 1000 test. */
export function strokeData(counts: Counts = { train: 5000, test: 1000 }): TrainingData {
  const values = strokes({ count: counts.train + counts.test, seed: 1 });
  return standardised("strokes (generated)", 16, values, counts.train);
}
