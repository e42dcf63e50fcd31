import { stack, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { release } from "./dataset.js";

/** What a batch of `T` is: tensors stacked along a new first axis, objects batched field by field, else an array. */
export type Batched<T> = T extends Tensor
  ? Tensor
  : T extends readonly unknown[] | ArrayBufferView | string | number | boolean | null | undefined | Date
    ? T[]
    : T extends object
      ? { [K in keyof T]: Batched<T[K]> }
      : T[];

const isTensor = (value: unknown): value is Tensor =>
  typeof value === "object" && value !== null && "dataId" in value;

function stacked(elements: readonly unknown[]): unknown {
  const first = elements[0];
  if (isTensor(first)) return stack(elements as Tensor[]);
  if (typeof first !== "object" || first === null || Object.getPrototypeOf(first) !== Object.prototype) {
    return elements;
  }
  return Object.fromEntries(
    Object.keys(first).map((key) => [
      key,
      stacked(elements.map((element) => (element as Record<string, unknown>)[key])),
    ]),
  );
}

/** One batch of elements; their tensors are freed, except those that the batch still holds. */
export function collate<T>(elements: readonly T[]): Batched<T> {
  let batch: unknown;
  try {
    batch = tidy(() => stacked(elements) as never);
    return batch as Batched<T>;
  } finally {
    release(elements, batch);
  }
}
