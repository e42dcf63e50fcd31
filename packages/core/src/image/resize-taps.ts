/** Which inputs, with which weights, make each output along one axis. */
export interface Taps {
  /** Outputs. */
  count: number;
  /** Inputs of an output at most. */
  length: number;
  /** First input of each output. */
  first: Int32Array;
  /** Weights, `length` for each output; 0 beyond its inputs. */
  weights: Float64Array;
  /** First input that any output needs. */
  begin: number;
  /** One past the last input that any output needs. */
  end: number;
}

/**
 * Bilinear weights that take `size` inputs from `begin` on to `count` outputs, with pixels as areas (corners not
 * aligned). Where it shrinks, the triangle is as wide as an output pixel, which suppresses aliasing.
 */
export function resizeTaps(begin: number, size: number, count: number): Taps {
  const scale = size / count;
  const support = Math.max(scale, 1);
  // A window of 2 * support meets one pixel more where it begins within one; two are enough where nothing shrinks, and
  // the window stays inside, so that no weight, not even 0, points beyond the input.
  const length = Math.min(size, scale <= 1 ? 2 : Math.ceil(2 * support) + 1);
  const first = new Int32Array(count);
  const weights = new Float64Array(count * length);
  for (let i = 0; i < count; i++) {
    const centre = (i + 0.5) * scale;
    const from = Math.max(Math.trunc(centre - support + 0.5), 0);
    const to = Math.min(Math.trunc(centre + support + 0.5), size);
    const start = Math.min(from, size - length);
    let total = 0;
    for (let j = from; j < to; j++) {
      const weight = Math.max(0, 1 - Math.abs((j + 0.5 - centre) / support));
      if (weight === 0) continue;
      weights[i * length + j - start] = weight;
      total += weight;
    }
    for (let k = 0; k < length; k++) weights[i * length + k]! /= total;
    first[i] = begin + start;
  }
  return { count, length, first, weights, begin, end: begin + size };
}

/** The weights as matrices, one after another, each `[count, size]`. */
export function denseTaps(taps: readonly Taps[], size: number): Float32Array {
  const count = taps[0]?.count ?? 0;
  const dense = new Float32Array(taps.length * count * size);
  for (const [b, { first, length, weights }] of taps.entries()) {
    for (let i = 0; i < count; i++) {
      const row = (b * count + i) * size;
      for (let k = 0; k < length; k++) {
        const weight = weights[i * length + k]!;
        if (weight !== 0) dense[row + first[i]! + k] = weight;
      }
    }
  }
  return dense;
}
