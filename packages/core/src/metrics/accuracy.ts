import { checkInteger } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import { checkPaired, type Labels, readLabels, readPredictions } from "./read-values.js";

/** Options of the metrics that count by class. */
export interface ClassOptions {
  /** Number of classes. @defaultValue one more than the largest class that occurs */
  numClasses?: number;
}

/**
 * Share of samples whose class is predicted right.
 *
 * @param predictions - Classes, or scores of shape `[samples, classes]` whose largest entry is the prediction.
 * @param labels - True classes.
 * @returns Between 0 and 1.
 * @throws {@link ShapeError} when the lengths differ or there are no samples.
 * @example
 * ```ts
 * import { accuracy } from "@lab/core/metrics";
 *
 * await accuracy([0, 1, 2, 2], [0, 1, 1, 2]); // => 0.75
 * ```
 */
export async function accuracy(predictions: Labels, labels: Labels): Promise<number> {
  const { predicted, truth } = await readPair("accuracy", predictions, labels);
  let right = 0;
  for (let i = 0; i < truth.length; i++) if (predicted[i] === truth[i]) right++;
  return right / truth.length;
}

/**
 * Share of each class's samples that are predicted right.
 *
 * @param predictions - Classes, or scores of shape `[samples, classes]`.
 * @param labels - True classes.
 * @param options - See {@link ClassOptions}.
 * @returns One share a class, between 0 and 1; NaN for a class without samples.
 * @throws {@link ShapeError} when the lengths differ or there are no samples.
 */
export async function perClassAccuracy(
  predictions: Labels,
  labels: Labels,
  options: ClassOptions = {},
): Promise<Float64Array> {
  const { counts, numClasses } = await countPairs("perClassAccuracy", predictions, labels, options);
  return Float64Array.from({ length: numClasses }, (_, c) => {
    const row = counts.subarray(c * numClasses, (c + 1) * numClasses);
    return row[c]! / row.reduce((sum, count) => sum + count, 0);
  });
}

/**
 * How often each class is taken for each other one.
 *
 * @param predictions - Classes, or scores of shape `[samples, classes]`.
 * @param labels - True classes.
 * @param options - See {@link ClassOptions}.
 * @returns `matrix[truth][prediction]`, numbers of samples.
 * @throws {@link ShapeError} when the lengths differ or there are no samples.
 * @example
 * ```ts
 * import { confusionMatrix } from "@lab/core/metrics";
 *
 * await confusionMatrix([0, 1, 1], [0, 0, 1]); // => [[1, 1], [0, 1]]
 * ```
 */
export async function confusionMatrix(
  predictions: Labels,
  labels: Labels,
  options: ClassOptions = {},
): Promise<number[][]> {
  const { counts, numClasses } = await countPairs("confusionMatrix", predictions, labels, options);
  return Array.from({ length: numClasses }, (_, c) =>
    Array.from(counts.subarray(c * numClasses, (c + 1) * numClasses)),
  );
}

/** Options of {@link meanIoU}. */
export interface MeanIoUOptions extends ClassOptions {
  /** Label of samples that do not count, such as 255 for "void". */
  ignore?: number;
}

/**
 * Intersection over union, averaged over the classes that occur: the measure of segmentation.
 *
 * $\mathrm{IoU}_c = \frac{n_{cc}}{\sum_j n_{cj} + \sum_i n_{ic} - n_{cc}}$ with $n_{ij}$ the number of samples of class $i$
 * predicted as $j$.
 *
 * @param predictions - Class of each sample or pixel, flattened.
 * @param labels - True class of each.
 * @param options - See {@link MeanIoUOptions}.
 * @returns Between 0 and 1; classes that neither occur nor are predicted do not count. NaN when none does.
 * @throws {@link ShapeError} when the lengths differ or there are no samples.
 */
export async function meanIoU(
  predictions: Labels,
  labels: Labels,
  options: MeanIoUOptions = {},
): Promise<number> {
  const { counts, numClasses } = await countPairs("meanIoU", predictions, labels, options);
  let sum = 0;
  let occurring = 0;
  for (let c = 0; c < numClasses; c++) {
    let union = -counts[c * numClasses + c]!;
    for (let j = 0; j < numClasses; j++) union += counts[c * numClasses + j]! + counts[j * numClasses + c]!;
    if (union === 0) continue;
    occurring++;
    sum += counts[c * numClasses + c]! / union;
  }
  return sum / occurring;
}

async function readPair(caller: string, predictions: Labels, labels: Labels) {
  const [predicted, truth] = await Promise.all([
    readPredictions(caller, "predictions", predictions),
    readLabels(caller, "labels", labels),
  ]);
  checkPaired(caller, "predictions", predicted, "labels", truth);
  return { predicted, truth };
}

async function countPairs(
  caller: string,
  predictions: Labels,
  labels: Labels,
  { numClasses, ignore }: MeanIoUOptions,
): Promise<{ counts: Float64Array; numClasses: number }> {
  const { predicted, truth } = await readPair(caller, predictions, labels);
  let largest = 0;
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] !== ignore) largest = Math.max(largest, truth[i]!, predicted[i]!);
  }
  const size = checkInteger(caller, "numClasses", numClasses ?? largest + 1, { min: 1 });
  if (largest >= size) {
    throw new ArgumentError(
      `${caller}: numClasses is ${size} and class ${largest} occurs; a number above every class was expected`,
      { argument: "numClasses", value: size },
    );
  }
  const counts = new Float64Array(size * size);
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] !== ignore) counts[truth[i]! * size + predicted[i]!]! += 1;
  }
  return { counts, numClasses: size };
}
