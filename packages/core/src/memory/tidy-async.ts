import { dispose, Tensor } from "@tensorflow/tfjs-core";

/**
 * Runs an asynchronous body and frees the tensors it tracked, except those in its result.
 *
 * The engine's own `tidy` cannot span an `await`. Here the body names its temporaries: `track(t)` returns
 * `t` and promises to dispose it, also when the body throws. Work between two awaits still belongs in `tf.tidy`.
 *
 * @param body - Receives `track`; resolves to a tensor, a container of tensors, or anything else.
 * @returns What the body resolved to; tensors in it belong to the caller.
 * @throws Whatever the body throws, after freeing what was tracked.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init, tidyAsync } from "@lab/core";
 *
 * await init();
 * const before = tf.memory().numTensors;
 * const largest = await tidyAsync(async (track) => {
 *   const squares = track(tf.square(track(tf.tensor1d([1, -3, 2]))));
 *   return Math.max(...(await squares.data()));
 * });
 * largest; // => 9
 * tf.memory().numTensors - before; // => 0
 * ```
 */
export async function tidyAsync<T>(
  body: (track: <U extends Tensor>(tensor: U) => U) => Promise<T>,
): Promise<T> {
  const tracked = new Set<Tensor>();
  const free = (kept: ReadonlySet<Tensor>) => {
    for (const tensor of tracked) if (!kept.has(tensor) && !tensor.isDisposed) dispose(tensor);
  };
  let result: T;
  try {
    result = await body((tensor) => {
      tracked.add(tensor);
      return tensor;
    });
  } catch (error) {
    free(new Set());
    throw error;
  }
  free(tensorsIn(result, new Set(), new Set()));
  return result;
}

/** Tensors within a value of any form; the engine's own search goes through every element of typed arrays too. */
function tensorsIn(value: unknown, found: Set<Tensor>, seen: Set<unknown>): Set<Tensor> {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen.has(value))
    return found;
  if (value instanceof Tensor) return found.add(value);
  seen.add(value);
  for (const key in value) tensorsIn((value as Record<string, unknown>)[key], found, seen);
  return found;
}
