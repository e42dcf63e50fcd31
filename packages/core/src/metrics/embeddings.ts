import type { Tensor2D } from "@tensorflow/tfjs-core";
import { checkRank } from "../check/index.js";
import { ArgumentError, ShapeError } from "../errors/index.js";
import { type Labels, readLabels } from "./read-values.js";

/** Embeddings with the classes of their samples. */
export interface LabelledEmbeddings {
  /** Shape `[samples, dim]`. */
  x: Tensor2D;
  /** Class of each sample, from 0. */
  labels: Labels;
}

/** What a probe found. */
export interface ProbeResult {
  /** Share of test samples that are predicted right. */
  accuracy: number;
  /** Predicted class of each test sample. */
  predictions: Int32Array;
}

/** Shapes checked, labels on the host, number of classes. */
export async function readEmbeddings(
  caller: string,
  train: LabelledEmbeddings,
  test: LabelledEmbeddings,
): Promise<{ trainLabels: ArrayLike<number>; testLabels: ArrayLike<number>; numClasses: number }> {
  checkRank(caller, "train.x", train.x, 2);
  checkRank(caller, "test.x", test.x, 2);
  if (train.x.shape[1] !== test.x.shape[1]) {
    throw new ShapeError(
      `${caller}: test.x has shape [${test.x.shape}] and train.x has shape [${train.x.shape}]; equal widths were expected`,
      { argument: "test.x", shape: test.x.shape },
    );
  }
  const trainLabels = await readLabels(caller, "train.labels", train.labels);
  const testLabels = await readLabels(caller, "test.labels", test.labels);
  for (const [name, x, labels] of [
    ["train", train.x, trainLabels],
    ["test", test.x, testLabels],
  ] as const) {
    if (labels.length === x.shape[0] && labels.length > 0) continue;
    throw new ShapeError(
      `${caller}: ${name}.labels has ${labels.length} entries and ${name}.x has shape [${x.shape}]; one label for each row, and at least one, were expected`,
      { argument: `${name}.labels`, shape: [labels.length] },
    );
  }
  let largest = 0;
  for (let i = 0; i < trainLabels.length; i++) largest = Math.max(largest, trainLabels[i]!);
  if (largest >= 2 ** 20) {
    throw new ArgumentError(
      `${caller}: train.labels holds class ${largest}; classes below 2^20 were expected`,
      {
        argument: "train.labels",
        value: largest,
      },
    );
  }
  return { trainLabels, testLabels, numClasses: largest + 1 };
}

/** Share of equal entries. */
export function shareEqual(predictions: Int32Array, labels: ArrayLike<number>): number {
  let right = 0;
  for (let i = 0; i < predictions.length; i++) if (predictions[i] === labels[i]) right++;
  return right / predictions.length;
}
