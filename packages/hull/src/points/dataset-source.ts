import { ArgumentError, ShapeError } from "@lab/core";
import type { Dataset } from "@lab/core/data";
import type * as tf from "@tensorflow/tfjs-core";
import type { PointSource } from "./points.js";

/** Options of {@link fromDataset}. */
export interface FromDatasetOptions<T> {
  /**
   * The row of an element: a tensor, whose values are taken in their order, or numbers.
   * @defaultValue the element's `x`, else the element itself
   */
  row?: (element: T) => tf.Tensor | ArrayLike<number>;
}

/**
 * Elements of a data set with random access as rows, read when they are asked for.
 *
 * @param dataset - A data set with `length` and `get`, such as `mnist` or `glyphs` of `@lab/core/data`.
 * @param options - See {@link FromDatasetOptions}.
 * @returns A source whose tensors are freed as soon as their values are read.
 * @throws `ArgumentError` when the data set has no random access, `ShapeError` when an element has another number of values
 *   than the first.
 * @example
 * ```ts
 * import { glyphs } from "@lab/core/data";
 * import { ConvexHull, fromDataset } from "@lab/hull";
 *
 * const train = await fromDataset(glyphs({ count: 50, seed: 1, size: 8 }));
 * train.shape; // => [50, 64]
 * const test = await fromDataset(glyphs({ count: 5, seed: 2, size: 8 }));
 * (await (await ConvexHull.from(train)).contains(test)).rate.inside; // => 0
 * ```
 */
export async function fromDataset<T>(
  dataset: Dataset<T>,
  options: FromDatasetOptions<T> = {},
): Promise<PointSource> {
  const n = dataset.length;
  const get = dataset.get?.bind(dataset);
  if (n === undefined || get === undefined) {
    throw new ArgumentError(
      "fromDataset: dataset has no length or no random access; one that has both was expected; collect a stream into an array first",
      { argument: "dataset", value: n },
    );
  }
  if (n === 0) {
    throw new ShapeError("fromDataset: dataset is empty; at least one element was expected", {
      argument: "dataset",
      shape: [0],
    });
  }
  const row = options.row ?? ((element: T) => (element as { x?: tf.Tensor }).x ?? (element as tf.Tensor));
  const read = async (i: number): Promise<{ values: ArrayLike<number>; isSingle: boolean }> => {
    const element = await get(i);
    const found = row(element);
    if (!("dataId" in found)) {
      freeTensors(element);
      return { values: found, isSingle: false };
    }
    const values = await found.data();
    freeTensors(element);
    if (!found.isDisposed) found.dispose();
    return { values, isSingle: found.dtype === "float32" };
  };
  const first = await read(0);
  const d = first.values.length;
  const write = async (i: number, out: Float64Array | Float32Array, at: number): Promise<void> => {
    const { values } = await read(i);
    if (values.length !== d) {
      throw new ShapeError(
        `fromDataset: element ${i} has ${values.length} values and the first has ${d}; the numbers must be equal`,
        { argument: "dataset", shape: [values.length] },
      );
    }
    out.set(values, at);
  };
  return {
    shape: [n, d],
    dtype: first.isSingle ? "float32" : "float64",
    chunk: async (start, count) => {
      const out = first.isSingle ? new Float32Array(count * d) : new Float64Array(count * d);
      for (let i = 0; i < count; i++) await write(start + i, out, i * d);
      return out;
    },
    rows: async (index) => {
      const out = new Float64Array(index.length * d);
      for (const [k, i] of index.entries()) await write(i, out, k * d);
      return out;
    },
  };
}

/** Frees the tensors of an element: itself or those in its fields. */
function freeTensors(element: unknown): void {
  if (typeof element !== "object" || element === null) return;
  const isTensor = (value: unknown): value is tf.Tensor =>
    typeof value === "object" && value !== null && "dataId" in value;
  for (const value of isTensor(element) ? [element] : Object.values(element)) {
    if (isTensor(value) && !value.isDisposed) value.dispose();
  }
}
