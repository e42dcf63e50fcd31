import { checkInteger } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import type { Generator } from "../random/index.js";
import { type Batched, collate } from "./collate.js";
import { type BatchOptions, type Dataset, release, type ShuffleOptions } from "./dataset.js";
import { prefetched } from "./prefetch.js";
import { shuffled } from "./shuffle-buffer.js";

/** What a data set is made of; one of `iterate` and `get` with `length` must be there. */
export interface Plan<T> {
  /** Number of elements. */
  length?: number | undefined;
  /** Element by index. */
  get?: ((index: number) => Promise<T>) | undefined;
  /** One pass, for sources without random access. */
  iterate?: (() => AsyncIterator<T>) | undefined;
  /** Order of one pass over a source with random access; 0, 1, 2, … by default. */
  order?: (() => Int32Array) | undefined;
  /** Whether `order` differs from pass to pass, so that an index means nothing. */
  isMixed?: boolean | undefined;
  /** Makes a batch from indices faster than element by element. */
  gather?: ((indices: Int32Array) => Promise<Batched<T>>) | undefined;
}

/** A data set from its plan. */
export function fromPlan<T>(plan: Plan<T>): Dataset<T> {
  return new PlannedDataset(plan);
}

/**
 * A data set over elements at hand, or over anything that can be iterated again and again.
 *
 * @param elements - An array, which gives random access, or an iterable.
 * @returns The data set. Iterating gives the elements themselves, so those with tensors can be taken out once only.
 * @example
 * ```ts
 * import { datasetOf } from "@lab/core/data";
 *
 * const sums: number[] = [];
 * for await (const batch of datasetOf([1, 2, 3, 4, 5]).map((x) => x * x).batch(2)) {
 *   sums.push(batch.reduce((sum, x) => sum + x, 0));
 * }
 * sums; // => [5, 25, 25]
 * ```
 */
export function datasetOf<T>(elements: readonly T[] | Iterable<T> | AsyncIterable<T>): Dataset<T> {
  if (Array.isArray(elements)) {
    const array = elements as readonly T[];
    return fromPlan({ length: array.length, get: async (index) => array[index] as T });
  }
  return fromPlan({
    iterate: async function* () {
      yield* elements as Iterable<T> | AsyncIterable<T>;
    },
  });
}

class PlannedDataset<T> implements Dataset<T> {
  readonly length?: number;
  readonly get?: (index: number) => Promise<T>;
  readonly #plan: Plan<T>;

  constructor(plan: Plan<T>) {
    this.#plan = plan;
    const { length, get } = plan;
    if (length !== undefined) this.length = length;
    if (get !== undefined && length !== undefined && !plan.isMixed) {
      this.get = async (index) => {
        checkInteger("Dataset.get", "index", index, { min: 0, below: length });
        return get(plan.order?.()[index] ?? index);
      };
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    const { get, length, iterate } = this.#plan;
    if (get === undefined || length === undefined) return iterate!();
    const order = this.#plan.order?.();
    return (async function* () {
      for (let at = 0; at < length; at++) yield await get(order?.[at] ?? at);
    })();
  }

  map<U>(change: (element: T, index: number) => U | Promise<U>): Dataset<U> {
    const plan = this.#plan;
    const apply = async (element: T, index: number) => {
      let result: U;
      try {
        result = await change(element, index);
      } catch (error) {
        release(element);
        throw error;
      }
      release(element, result);
      return result;
    };
    const { get } = plan;
    return fromPlan<U>({
      length: plan.length,
      order: plan.order,
      isMixed: plan.isMixed,
      get: get && (async (index) => apply(await get(index), index)),
      iterate: () => mapped(this, apply),
    });
  }

  filter(keep: (element: T, index: number) => boolean | Promise<boolean>): Dataset<T> {
    return fromPlan<T>({ iterate: () => filtered(this, keep) });
  }

  shuffle(generator: Generator, options: ShuffleOptions = {}): Dataset<T> {
    const { buffer } = options;
    if (buffer !== undefined) checkInteger("Dataset.shuffle", "buffer", buffer, { min: 1 });
    const plan = this.#plan;
    const { length } = plan;
    if (plan.get !== undefined && length !== undefined && (buffer === undefined || buffer >= length)) {
      const order = () => {
        const inner = plan.order?.();
        const mixed = generator.permutation(length);
        return inner === undefined ? mixed : mixed.map((at) => inner[at]!);
      };
      return fromPlan({ ...plan, order, isMixed: true });
    }
    if (buffer === undefined) {
      throw new ArgumentError(
        "Dataset.shuffle: buffer is undefined; a number of elements to hold was expected, because this data set has no random access",
        { argument: "buffer", value: buffer },
      );
    }
    return fromPlan<T>({ length, iterate: () => shuffled(this, generator, buffer) });
  }

  batch(n: number, options: BatchOptions = {}): Dataset<Batched<T>> {
    checkInteger("Dataset.batch", "n", n, { min: 1 });
    const { dropLast = false } = options;
    const plan = this.#plan;
    const { length, get, gather } = plan;
    const numBatches =
      length === undefined ? undefined : dropLast ? Math.floor(length / n) : Math.ceil(length / n);
    if (get === undefined || length === undefined) {
      return fromPlan<Batched<T>>({ length: numBatches, iterate: () => grouped(this, n, dropLast) });
    }
    const make = async (order: Int32Array | undefined, index: number) => {
      const size = Math.min(n, length - index * n);
      const indices = Int32Array.from({ length: size }, (_, i) => order?.[index * n + i] ?? index * n + i);
      if (gather) return gather(indices);
      return collate(await Promise.all(Array.from(indices, get)));
    };
    return fromPlan<Batched<T>>({
      length: numBatches,
      // A mixed order must be drawn once a pass, not once a batch.
      get: plan.isMixed ? undefined : (index) => make(plan.order?.(), index),
      iterate: async function* () {
        const order = plan.order?.();
        for (let index = 0; index < numBatches!; index++) yield await make(order, index);
      },
    });
  }

  prefetch(n: number): Dataset<T> {
    checkInteger("Dataset.prefetch", "n", n, { min: 1 });
    return fromPlan<T>({ length: this.#plan.length, iterate: () => prefetched(this, n) });
  }

  take(n: number): Dataset<T> {
    checkInteger("Dataset.take", "n", n, { min: 0 });
    const plan = this.#plan;
    const { order } = plan;
    const length = plan.length === undefined ? undefined : Math.min(n, plan.length);
    if (plan.get !== undefined && length !== undefined) {
      return fromPlan({ ...plan, length, order: order && (() => order().subarray(0, length)) });
    }
    return fromPlan<T>({ length, iterate: () => firstOf(this, n) });
  }
}

async function* mapped<T, U>(
  source: AsyncIterable<T>,
  apply: (element: T, index: number) => Promise<U>,
): AsyncGenerator<U> {
  let index = 0;
  for await (const element of source) yield await apply(element, index++);
}

async function* filtered<T>(
  source: AsyncIterable<T>,
  keep: (element: T, index: number) => boolean | Promise<boolean>,
): AsyncGenerator<T> {
  let index = 0;
  for await (const element of source) {
    if (await keep(element, index++)) yield element;
    else release(element);
  }
}

async function* grouped<T>(
  source: AsyncIterable<T>,
  n: number,
  dropLast: boolean,
): AsyncGenerator<Batched<T>> {
  let group: T[] = [];
  try {
    for await (const element of source) {
      group.push(element);
      if (group.length < n) continue;
      const full = group;
      group = [];
      yield collate(full);
    }
    if (group.length > 0 && !dropLast) {
      const rest = group;
      group = [];
      yield collate(rest);
    }
  } finally {
    release(group);
  }
}

async function* firstOf<T>(source: AsyncIterable<T>, n: number): AsyncGenerator<T> {
  if (n === 0) return;
  let left = n;
  for await (const element of source) {
    yield element;
    if (--left === 0) return;
  }
}
