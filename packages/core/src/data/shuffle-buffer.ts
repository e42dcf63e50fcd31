import type { Generator } from "../random/index.js";
import { release } from "./dataset.js";

/** A stream in an order mixed within a buffer: each step yields a random one of the elements held. */
export async function* shuffled<T>(
  source: AsyncIterable<T>,
  generator: Generator,
  size: number,
): AsyncGenerator<T> {
  const held: T[] = [];
  const pick = () => {
    const at = Math.floor(generator.float64(1)[0]! * held.length);
    const picked = held[at] as T;
    held[at] = held[held.length - 1] as T;
    held.pop();
    return picked;
  };
  try {
    for await (const element of source) {
      held.push(element);
      if (held.length === size) yield pick();
    }
    while (held.length > 0) yield pick();
  } finally {
    release(held);
  }
}
