import type { Generator } from "@lab/core/random";

/** Randomly shifted copies of a lattice. */
export const LATTICE_SHIFTS = 8;

/** Above this many dimensions a generating vector has no advantage over random points. */
const MAX_DIMENSIONS = 64;

/**
 * A rank-one lattice of `count` points in the unit cube, shifted at random `LATTICE_SHIFTS` times.
 *
 * The generating vector is $(1, a, a^2, \dots)$ modulo `count`; `a` has the least worst-case error (the criterion
 * P₂) of some candidates in the first dimensions.
 */
export function latticePoints(count: number, dimension: number, generator: Generator): Float64Array {
  const total = LATTICE_SHIFTS * count;
  if (dimension > MAX_DIMENSIONS) return generator.float64(total * dimension);
  const vector = generatingVector(count, dimension);
  const points = new Float64Array(total * dimension);
  for (let shift = 0; shift < LATTICE_SHIFTS; shift++) {
    const offset = generator.float64(dimension);
    for (let k = 0; k < count; k++) {
      for (let d = 0; d < dimension; d++) {
        const u = ((k * vector[d]!) % count) / count + offset[d]!;
        points[(shift * count + k) * dimension + d] = u - Math.floor(u);
      }
    }
  }
  return points;
}

function generatingVector(count: number, dimension: number): Float64Array {
  const powers = (a: number, length: number) => {
    const vector = new Float64Array(length).fill(1);
    for (let d = 1; d < length; d++) vector[d] = (vector[d - 1]! * a) % count;
    return vector;
  };
  const tested = Math.min(dimension, 6);
  let [best, bestError] = [1, Number.POSITIVE_INFINITY];
  for (let candidate = 1; candidate <= 24; candidate++) {
    // Spread over the residues by the golden ratio, and odd.
    const a = (Math.floor(count * ((candidate * 0.6180339887498949) % 1)) | 1) % Math.max(count, 2);
    const vector = powers(a, tested);
    let error = 0;
    for (let k = 0; k < count; k++) {
      let product = 1;
      for (let d = 0; d < tested; d++) {
        const x = ((k * vector[d]!) % count) / count;
        product *= 1 + 2 * Math.PI ** 2 * (x * x - x + 1 / 6);
      }
      error += product;
    }
    if (error < bestError) [best, bestError] = [a, error];
  }
  return powers(best, dimension);
}
