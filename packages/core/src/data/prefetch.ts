import { release } from "./dataset.js";

type Outcome<T> = { result: IteratorResult<T> } | { error: unknown };

/** The elements of a source, up to `n` of them asked for ahead; what was not consumed is freed at the end. */
export async function* prefetched<T>(source: AsyncIterable<T>, n: number): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  const queue: Promise<Outcome<T>>[] = [];
  let last: Promise<unknown> = Promise.resolve();
  let isDone = false;
  const ask = () => {
    // One request after another: many iterators cannot answer two at once.
    const next: Promise<Outcome<T>> = last.then(async () => {
      if (isDone) return { result: { done: true, value: undefined } };
      try {
        const result = await iterator.next();
        if (result.done) isDone = true;
        return { result };
      } catch (error) {
        isDone = true;
        return { error };
      }
    });
    last = next;
    queue.push(next);
  };
  try {
    for (let i = 0; i < n; i++) ask();
    for (;;) {
      const outcome = await queue.shift()!;
      if ("error" in outcome) throw outcome.error;
      if (outcome.result.done) return;
      ask();
      yield outcome.result.value;
    }
  } finally {
    isDone = true;
    for (const outcome of await Promise.all(queue)) {
      if ("result" in outcome && !outcome.result.done) release(outcome.result.value);
    }
    await iterator.return?.();
  }
}
