import { dispose, type Tensor } from "@tensorflow/tfjs-core";
import type { Generator } from "../random/index.js";
import type { Batched } from "./collate.js";

/** Options of {@link Dataset.shuffle}. */
export interface ShuffleOptions {
  /**
   * Elements held in memory while mixing. By default all of a data set with random access are permuted, which holds
   * none; a stream must name a number, and its elements then move by about that many places.
   */
  buffer?: number;
}

/** Options of {@link Dataset.batch}. */
export interface BatchOptions {
  /** Leaves out a last batch that is smaller than the others. @defaultValue false */
  dropLast?: boolean;
}

/**
 * Elements one after another, and by index where the source can.
 *
 * Every step returns a new data set and reads nothing until it is iterated. Tensors inside an element belong to whoever
 * takes the element out; steps that drop or replace an element free its tensors.
 *
 * @typeParam T - An element.
 */
export interface Dataset<T> extends AsyncIterable<T> {
  /** Number of elements, where it is known. */
  readonly length?: number;
  /** The element at an index, where the source has random access. */
  get?(index: number): Promise<T>;
  /** One pass over the elements. */
  [Symbol.asyncIterator](): AsyncIterator<T>;
  /**
   * Each element replaced; tensors of the old element that are not part of the new one are freed. `index` counts the
   * elements of the source, before any shuffling where it has random access.
   */
  map<U>(change: (element: T, index: number) => U | Promise<U>): Dataset<U>;
  /** The elements for which `keep` holds; tensors of the others are freed. */
  filter(keep: (element: T, index: number) => boolean | Promise<boolean>): Dataset<T>;
  /** The elements in an order drawn from `generator`; every pass draws a new one. */
  shuffle(generator: Generator, options?: ShuffleOptions): Dataset<T>;
  /** `n` elements at a time: tensors are stacked along a new first axis, other values become arrays. */
  batch(n: number, options?: BatchOptions): Dataset<Batched<T>>;
  /** The same elements, up to `n` of them made ahead while the consumer works. */
  prefetch(n: number): Dataset<T>;
  /** The first `n` elements. */
  take(n: number): Dataset<T>;
}

/** Frees the tensors of an element that is dropped, except those of `kept`. */
export function release(element: unknown, kept?: unknown): void {
  const keep = new Set(tensorsOf(kept));
  for (const tensor of tensorsOf(element)) if (!keep.has(tensor) && !tensor.isDisposed) dispose(tensor);
}

/** Tensors in a value: itself, or in its arrays and plain objects. */
function tensorsOf(value: unknown): Tensor[] {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return [];
  if ("dataId" in value) return [value as Tensor];
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? Object.values(value).flatMap(tensorsOf) : [];
}
