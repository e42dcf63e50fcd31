/**
 * Householder reflectors $H = I - \tau v v^T$ on rows that stand one after the other in memory.
 *
 * Vectors that are acted on are rows, so that every inner loop runs over neighbouring numbers; four rows share
 * each load of the reflector.
 */
export interface Reflectors {
  /** One reflector a row, `width` numbers each; zero outside its range. */
  vectors: Float64Array;
  /** Numbers in a row. */
  width: number;
  /** $\tau$ of each reflector; 0 for none. */
  tau: Float64Array;
  /** Range of columns `from(k) … to(k) − 1` in which reflector k is not zero. */
  range: (k: number) => readonly [number, number];
}

/** Applies reflector `k` to the rows `first … last − 1` of `rows`, which has rows of `width` numbers. */
export function reflectRows(
  rows: Float64Array,
  width: number,
  first: number,
  last: number,
  reflectors: Reflectors,
  k: number,
): void {
  const tau = reflectors.tau[k]!;
  if (tau === 0) return;
  const [from, to] = reflectors.range(k);
  const { vectors } = reflectors;
  const at = k * reflectors.width;
  let row = first;
  for (; row + 4 <= last; row += 4) reflectFour(rows, row * width, width, vectors, at, from, to, tau);
  for (; row < last; row++) reflectOne(rows, row * width, vectors, at, from, to, tau);
}

/**
 * Applies reflectors in turn to rows, four rows at a time so that they stay in the cache.
 *
 * @param order - Indices of the reflectors in the order of application, for the block of rows that ends before
 *   `last`; lets a caller leave out those that cannot change the block.
 */
export function reflectRowsInTurn(
  rows: Float64Array,
  width: number,
  numRows: number,
  reflectors: Reflectors,
  order: (last: number) => Iterable<number>,
): void {
  for (let first = 0; first < numRows; first += 4) {
    const last = Math.min(first + 4, numRows);
    for (const k of order(last)) reflectRows(rows, width, first, last, reflectors, k);
  }
}

/** Integers `first, first + step, …` up to and including `last`. */
export function* steps(first: number, last: number, step: 1 | -1): Iterable<number> {
  for (let k = first; step > 0 ? k <= last : k >= last; k += step) yield k;
}

function reflectFour(
  rows: Float64Array,
  r0: number,
  width: number,
  vectors: Float64Array,
  at: number,
  from: number,
  to: number,
  tau: number,
): void {
  const r1 = r0 + width;
  const r2 = r1 + width;
  const r3 = r2 + width;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let j = from; j < to; j++) {
    const v = vectors[at + j]!;
    s0 += v * rows[r0 + j]!;
    s1 += v * rows[r1 + j]!;
    s2 += v * rows[r2 + j]!;
    s3 += v * rows[r3 + j]!;
  }
  s0 *= tau;
  s1 *= tau;
  s2 *= tau;
  s3 *= tau;
  for (let j = from; j < to; j++) {
    const v = vectors[at + j]!;
    rows[r0 + j] = rows[r0 + j]! - s0 * v;
    rows[r1 + j] = rows[r1 + j]! - s1 * v;
    rows[r2 + j] = rows[r2 + j]! - s2 * v;
    rows[r3 + j] = rows[r3 + j]! - s3 * v;
  }
}

function reflectOne(
  rows: Float64Array,
  row: number,
  vectors: Float64Array,
  at: number,
  from: number,
  to: number,
  tau: number,
): void {
  let sum = 0;
  for (let j = from; j < to; j++) sum += vectors[at + j]! * rows[row + j]!;
  sum *= tau;
  for (let j = from; j < to; j++) rows[row + j] = rows[row + j]! - sum * vectors[at + j]!;
}

/**
 * Turns `x[from … to − 1]` into the vector of the reflector that maps it to `alpha · e_pivot`.
 *
 * @returns `alpha` and `tau`; `tau` is 0 when nothing but the pivot was there.
 */
export function makeReflector(
  x: Float64Array,
  offset: number,
  from: number,
  to: number,
  pivot: number,
): { alpha: number; tau: number } {
  let others = 0;
  for (let j = from; j < to; j++) if (j !== pivot) others += x[offset + j]! * x[offset + j]!;
  const head = x[offset + pivot]!;
  if (others === 0) {
    for (let j = from; j < to; j++) x[offset + j] = 0;
    return { alpha: head, tau: 0 };
  }
  const norm = Math.sqrt(head * head + others);
  const alpha = head > 0 ? -norm : norm;
  x[offset + pivot] = head - alpha;
  // vᵀv = others + (head − alpha)², without cancellation since the signs differ.
  return { alpha, tau: 2 / (others + (head - alpha) * (head - alpha)) };
}
