import { scanOutside } from "../certify/outside-proof.js";
import { bitLength, dyadicOf, ratioOf } from "./dyadic.js";
import { integerSimplex } from "./integer-simplex.js";

/** Answer of {@link exactMembership}. */
export type ExactAnswer =
  | { isInside: true; index: Int32Array; weight: Float64Array }
  | {
      isInside: false;
      /** An exact separating normal in doubles, rounded at different lengths: for a query very near one may separate. */
      normals: () => Iterable<Float64Array>;
    };

/** Rows by index, as the exact path reads them. */
export interface RowReader {
  /** Number of rows. */
  readonly n: number;
  /** Number of columns. */
  readonly d: number;
  /** All values, row by row. */
  readonly data: ArrayLike<number>;
}

/**
 * Membership in exact rational arithmetic by column generation over integers.
 *
 * @param rows - The points; every row is priced.
 * @param query - The query, `d` values.
 * @param first - Rows of the first working set, most promising first.
 * @param checkStop - Called between rounds; throws to stop.
 */
export function exactMembership(
  rows: RowReader,
  query: ArrayLike<number>,
  first: readonly number[],
  checkStop: () => void = () => {},
): ExactAnswer {
  const { n, d, data } = rows;
  const scale = scaleOf(rows, query);
  const q = Array.from({ length: d }, (_, j) => scale(query[j]!));
  const difference = (i: number): bigint[] => {
    const out = new Array<bigint>(d);
    for (let j = 0; j < d; j++) out[j] = scale(data[i * d + j]!) - q[j]!;
    return out;
  };
  const rowsAt = (index: readonly number[]) =>
    Float64Array.from(
      { length: index.length * d },
      (_, at) => data[index[Math.floor(at / d)]! * d + (at % d)]!,
    );
  const working: number[] = [...new Set(first)];
  if (working.length === 0) working.push(0);
  const columns = working.map(difference);
  const isWorking = new Uint8Array(n);
  for (const i of working) isWorking[i] = 1;
  for (;;) {
    checkStop();
    const outcome = integerSimplex(columns, d);
    if (outcome.isFeasible) {
      const used = outcome.basis.sort((a, b) => working[a.column]! - working[b.column]!);
      return {
        isInside: true,
        index: Int32Array.from(used, ({ column }) => working[column]!),
        weight: Float64Array.from(used, ({ numerator }) => ratioOf(numerator, outcome.denominator)),
      };
    }
    const violators: { row: number; score: number }[] = [];
    const normal = doublesOf(outcome.normal);
    for (let i = 0; i < n; i++) {
      if (isWorking[i]) continue;
      let sum = 0;
      let size = 0;
      for (let j = 0; j < d; j++) {
        const term = normal[j]! * (data[i * d + j]! - query[j]!);
        sum += term;
        size += Math.abs(term);
      }
      // Far below zero in floating point: no need for integers.
      if (sum < -1e-14 * (d + 4) * size) continue;
      const row = difference(i);
      let exact = outcome.offset;
      for (let j = 0; j < d; j++) exact += outcome.normal[j]! * row[j]!;
      if (exact > 0n) violators.push({ row: i, score: sum });
    }
    if (violators.length === 0)
      return { isInside: false, normals: () => roundings(outcome.normal, rowsAt(working), d, query) };
    violators.sort((a, b) => b.score - a.score);
    for (const { row } of violators.slice(0, Math.max(16, d))) {
      working.push(row);
      columns.push(difference(row));
      isWorking[row] = 1;
    }
  }
}

/** A function that turns values into integers on one scale fine enough for all of them. */
function scaleOf(rows: RowReader, query: ArrayLike<number>): (value: number) => bigint {
  let exponent = 0;
  const look = (value: number) => {
    if (Number.isSafeInteger(value)) return;
    const e = dyadicOf(value).exponent;
    if (e < exponent) exponent = e;
  };
  for (let i = 0; i < rows.n * rows.d; i++) look(rows.data[i]!);
  for (let j = 0; j < rows.d; j++) look(query[j]!);
  if (exponent === 0) return BigInt;
  return (value) => {
    const part = dyadicOf(value);
    return part.mantissa === 0n ? 0n : part.mantissa << BigInt(part.exponent - exponent);
  };
}

/** Integers as doubles: exact when they have 53 bits, else rounded on a common scale. */
function doublesOf(integers: readonly bigint[]): Float64Array {
  let bits = 1;
  for (const value of integers)
    if (value !== 0n) bits = Math.max(bits, bitLength(value < 0n ? -value : value));
  if (bits <= 53) return Float64Array.from(integers, Number);
  const one = 1n << BigInt(bits);
  return Float64Array.from(integers, (value) => ratioOf(value, one));
}

const LENGTHS = 4096n;

/**
 * The vector in doubles, as it is and at lengths between one and two times its own, each of which rounds to another
 * direction: those that separate the working rows. A query within an ulp of the hull leaves few.
 */
function* roundings(
  integers: readonly bigint[],
  working: Float64Array,
  d: number,
  query: ArrayLike<number>,
): Iterable<Float64Array> {
  const numRows = working.length / d;
  for (let k = 0n; k < LENGTHS; k++) {
    const normal = doublesOf(k === 0n ? integers : integers.map((value) => value * (LENGTHS + k)));
    if (scanOutside(working, numRows, d, normal, query).isProven) yield normal;
  }
}
