import { ArgumentError, checkInteger } from "@lab/core";
import { type Dataset, datasetOf, type ImageSet } from "@lab/core/data";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";

/** A random change of a batch, such as an `Augmentation` of `@lab/core/image`; the result belongs to the caller. */
export type ViewMaker = {
  /** Changes every sample by itself. */
  make(batch: tf.Tensor, generator: Generator): tf.Tensor;
}["make"];

/** A sample, or an object that holds it as `x`. */
export type Sample = tf.Tensor | { x: tf.Tensor };

/** Refuses data without random access, and fewer than a batch of them. */
export function checkData(
  caller: string,
  data: Dataset<Sample>,
  least: number,
): { length: number; get: (index: number) => Promise<Sample> } {
  const { length } = data;
  if (length === undefined || data.get === undefined) {
    throw new ArgumentError(
      `${caller}: data has no random access; a data set with length and get was expected, so that a run can be resumed`,
      { argument: "data", value: length },
    );
  }
  if (length < least) {
    throw new ArgumentError(`${caller}: data has ${length} samples; at least ${least} were expected`, {
      argument: "data",
      value: length,
    });
  }
  return { length, get: (index) => data.get!(index) };
}

const isImageSet = (data: Dataset<Sample>): data is Dataset<Sample> & ImageSet =>
  "arrays" in data && "select" in data;
const isArrayDataset = (data: Dataset<Sample>): data is ArrayDataset => "gather" in data;

/** The samples at some indices as one tensor, which belongs to the caller; their classes go to `labels`. */
export async function gatherSamples(
  data: Dataset<Sample>,
  indices: Int32Array,
  labels?: Int32Array,
): Promise<tf.Tensor> {
  if (isArrayDataset(data)) return data.gather(indices, labels);
  if (isImageSet(data)) {
    const { x, shape, labels: classes } = data.select(indices).arrays();
    labels?.set(classes);
    return tf.tensor(x, shape);
  }
  const samples = await Promise.all(Array.from(indices, (index) => data.get!(index)));
  for (const [i, sample] of samples.entries()) {
    if (labels && "label" in sample && typeof sample.label === "number") labels[i] = sample.label;
  }
  const batch = tf.stack(samples.map((sample) => (sample instanceof tf.Tensor ? sample : sample.x)));
  tf.dispose(samples as tf.TensorContainer);
  return batch;
}

/** Indices of the batches: a new permutation each epoch; a function of the step alone. */
export function batchIndices(length: number, batchSize: number, generator: Generator) {
  const perEpoch = Math.floor(length / batchSize);
  let [epoch, order] = [-1, new Int32Array(0) as Int32Array];
  return (step: number): Int32Array => {
    const now = Math.floor(step / perEpoch);
    if (now !== epoch) [epoch, order] = [now, generator.split(now).permutation(length)];
    const at = (step % perEpoch) * batchSize;
    return order.slice(at, at + batchSize);
  };
}

/** A data set over an array, which can hand out many samples at once. */
export interface ArrayDataset extends Dataset<{ x: tf.Tensor; label: number }> {
  /** Number of samples. */
  readonly length: number;
  /** A sample; its tensor belongs to the caller. */
  get(index: number): Promise<{ x: tf.Tensor; label: number }>;
  /** Samples at some indices as one tensor, which belongs to the caller; their classes are written to `labels`. */
  gather(indices: Int32Array, labels?: Int32Array): tf.Tensor;
}

/**
 * A data set over samples that lie one after another in an array.
 *
 * @param values - All samples, row by row.
 * @param shape - Number of samples, then the shape of one.
 * @param labels - Class of each sample. @defaultValue all 0
 * @returns Samples `{ x, label }` with random access; each tensor belongs to who takes it.
 * @throws {@link ArgumentError} when the lengths do not fit.
 */
export function arrayDataset(
  values: Float32Array,
  shape: readonly number[],
  labels?: ArrayLike<number>,
): ArrayDataset {
  const [count = 0, ...rest] = shape;
  const size = rest.reduce((product, length) => product * length, 1);
  checkInteger("arrayDataset", "shape[0]", count, { min: 0 });
  if (values.length !== count * size || (labels && labels.length !== count)) {
    throw new ArgumentError(
      `arrayDataset: values holds ${values.length} numbers and labels ${labels?.length ?? "nothing"}; ${count} samples of ${size} numbers were expected`,
      { argument: "values", value: values.length },
    );
  }
  const sample = (index: number) => values.subarray(index * size, (index + 1) * size);
  const get = async (index: number) => {
    checkInteger("arrayDataset.get", "index", index, { min: 0, below: count });
    return { x: tf.tensor(sample(index), rest), label: labels?.[index] ?? 0 };
  };
  const indices = Array.from({ length: count }, (_, i) => i);
  return Object.assign(datasetOf(indices).map(get), {
    length: count,
    get,
    gather(chosen: Int32Array, classes?: Int32Array): tf.Tensor {
      const all = new Float32Array(chosen.length * size);
      for (const [row, index] of chosen.entries()) {
        all.set(sample(index), row * size);
        if (classes) classes[row] = labels?.[index] ?? 0;
      }
      return tf.tensor(all, [chosen.length, ...rest]);
    },
  });
}
