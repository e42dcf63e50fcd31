import { argMax, softmax, type Tensor, type Tensor2D } from "@tensorflow/tfjs-core";
import { checkRank } from "../check/index.js";
import { ArgumentError, ShapeError } from "../errors/index.js";

/** Classes or cluster numbers, one a sample: an array, or a tensor of shape `[samples]`. */
export type Labels = ArrayLike<number> | Tensor;

const isTensor = (values: Labels): values is Tensor => "dataId" in values;

/** Labels on the host; whole numbers from 0. */
export async function readLabels(
  caller: string,
  argument: string,
  labels: Labels,
): Promise<ArrayLike<number>> {
  if (isTensor(labels)) checkRank(caller, argument, labels, 1);
  const values = isTensor(labels) ? await labels.data() : labels;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isInteger(value) || value < 0) {
      throw new ArgumentError(
        `${caller}: ${argument}[${i}] is ${value}; whole numbers from 0 were expected`,
        {
          argument,
          value,
        },
      );
    }
  }
  return values;
}

/** Labels, or the argument of the maximum of each row of scores. */
export async function readPredictions(
  caller: string,
  argument: string,
  predictions: Labels,
): Promise<ArrayLike<number>> {
  if (!isTensor(predictions) || predictions.rank === 1) return readLabels(caller, argument, predictions);
  checkRank(caller, argument, predictions, [1, 2]);
  const classes = argMax(predictions, 1);
  try {
    return await classes.data();
  } finally {
    classes.dispose();
  }
}

/** Refuses two lists of different length, and empty ones. */
export function checkPaired(
  caller: string,
  argument: string,
  values: ArrayLike<number>,
  otherArgument: string,
  other: ArrayLike<number>,
): void {
  if (values.length === other.length && values.length > 0) return;
  throw new ShapeError(
    `${caller}: ${argument} has ${values.length} entries and ${otherArgument} has ${other.length}; as many, and at least one, were expected`,
    { argument, shape: [values.length] },
  );
}

/** What scores are. */
export type ScoreKind = "probabilities" | "logits";

/** Probabilities of shape `[samples, classes]` and labels within them, on the host. */
export async function readProbabilities(
  caller: string,
  scores: Tensor2D,
  labels: Labels,
  from: ScoreKind,
): Promise<{ p: Float32Array; y: ArrayLike<number>; numClasses: number }> {
  checkRank(caller, "scores", scores, 2);
  const y = await readLabels(caller, "labels", labels);
  const [n, numClasses] = scores.shape;
  if (y.length !== n || n === 0) {
    throw new ShapeError(
      `${caller}: scores has shape [${n},${numClasses}] and labels has ${y.length} entries; one label for each row, and at least one, were expected`,
      { argument: "labels", shape: [y.length] },
    );
  }
  for (let i = 0; i < n; i++) {
    if (y[i]! < numClasses) continue;
    throw new ArgumentError(
      `${caller}: labels[${i}] is ${y[i]}; a class below ${numClasses}, the columns of scores, was expected`,
      { argument: "labels", value: y[i] },
    );
  }
  if (from === "probabilities") {
    const p = (await scores.data()) as Float32Array;
    checkRowSums(caller, p, numClasses);
    return { p, y, numClasses };
  }
  const probabilities = softmax(scores);
  try {
    return { p: (await probabilities.data()) as Float32Array, y, numClasses };
  } finally {
    probabilities.dispose();
  }
}

/** Rounding of float32 and of half precision passes, logits do not. */
const ROW_SUM_TOLERANCE = 1e-2;

function checkRowSums(caller: string, p: Float32Array, numClasses: number): void {
  for (let row = 0; row * numClasses < p.length; row++) {
    let sum = 0;
    let least = 0;
    for (let c = 0; c < numClasses; c++) {
      sum += p[row * numClasses + c]!;
      least = Math.min(least, p[row * numClasses + c]!);
    }
    if (Math.abs(sum - 1) <= ROW_SUM_TOLERANCE && least >= -ROW_SUM_TOLERANCE) continue;
    throw new ArgumentError(
      `${caller}: scores row ${row} sums to ${sum} with least entry ${least}; probabilities were expected; pass from: "logits" for logits`,
      { argument: "scores", value: sum },
    );
  }
}
