import { findData, glyphs, mnist } from "@lab/core/data";
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

/** MNIST where it is found, else drawn figures, standardised by two numbers. */
export async function pictures(
  dir: string | undefined,
  seed: number,
  counts: { train: number; test: number },
): Promise<TrainingData> {
  const total = counts.train + counts.test;
  const found = await findData("mnist", { dir });
  const full = found
    ? mnist({ dir: found.dir, split: "train" }).arrays({ start: 0, end: total }).x
    : glyphs({ count: total, seed }).arrays().x;
  const name = found ? "MNIST" : "glyphs (generated)";
  return standardised(name, 28, full, counts.train);
}

/** The strokes of the scaled-down protocol: the first 5000 train, the other 1000 test. */
export function strokeData(): TrainingData {
  return standardised("strokes (generated)", 16, strokes({ count: 6000, seed: 1 }), 5000);
}
