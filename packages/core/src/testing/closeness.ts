import type { Tensor } from "@tensorflow/tfjs-core";

/** How far a value may be from what was expected: |actual − expected| ≤ absolute + relative · |expected|. */
export interface Closeness {
  /** @defaultValue 1e-6 */
  relative?: number;
  /** @defaultValue 1e-6 */
  absolute?: number;
}

/** Numbers in any form that {@link expectClose} takes. */
export type Values = number | ArrayLike<number> | Tensor;

async function read(values: Values): Promise<ArrayLike<number>> {
  if (typeof values === "number") return [values];
  return "dataId" in values ? await (values as Tensor).data() : (values as ArrayLike<number>);
}

/**
 * Fails unless every value is close to the expected one; NaN is close to nothing.
 *
 * @param actual - Number, array or tensor.
 * @param expected - Number, array or tensor of the same length.
 * @param closeness - See {@link Closeness}.
 * @throws `Error` that names the first index that is off and the largest deviation.
 */
export async function expectClose(
  actual: Values,
  expected: Values,
  closeness: Closeness = {},
): Promise<void> {
  const { relative = 1e-6, absolute = 1e-6 } = closeness;
  const [a, b] = [await read(actual), await read(expected)];
  if (a.length !== b.length)
    throw new Error(`expectClose: ${a.length} values where ${b.length} were expected`);
  let firstBad = -1;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    const same = Object.is(a[i], b[i]) || a[i] === b[i]; // infinities of one sign
    if (!same && !(difference <= absolute + relative * Math.abs(b[i]!))) {
      if (firstBad < 0) firstBad = i;
      if (!(difference <= worst)) worst = difference;
    }
  }
  if (firstBad < 0) return;
  throw new Error(
    `expectClose: value ${firstBad} is ${a[firstBad]}, expected ${b[firstBad]} (relative ${relative}, absolute ${absolute}); the largest deviation is ${worst}`,
  );
}
