import { ArgumentError, ShapeError } from "@lab/core";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";

/** Rows that are read in pieces, so that they may be larger than memory. */
export interface PointSource {
  /** Number of rows and columns. */
  readonly shape: readonly [n: number, d: number];
  /** Type of the values. */
  readonly dtype: "float32" | "float64" | "uint8";
  /** Hash of the content; names the data in checkpoints. */
  readonly id?: string;
  /** How a worker on another thread or machine opens the same rows; without it they are copied to the checkpoint. */
  readonly address?: SourceAddress;
  /** Rows `start` to `start + count`, row by row. */
  chunk(start: number, count: number): Promise<ArrayLike<number>>;
  /** The rows with these indices, row by row. */
  rows(index: Int32Array): Promise<Float64Array>;
}

/** Where a worker finds the rows of a source: plain JSON. */
export interface SourceAddress {
  /** `raw` is a headerless little-endian file, row by row. */
  format: "raw" | "npy" | "idx";
  /** Path of the file. */
  path: string;
  /** Rows and columns. */
  shape: [number, number];
  /** Type of the values. */
  dtype: "float32" | "float64" | "uint8";
  /** Bytes before the first value. */
  offset: number;
}

/** Rows in an array of their own. */
export interface PointArray {
  /** The values, row by row. */
  data: Float32Array | Float64Array | Uint8Array;
  /** Number of rows and columns. */
  shape: readonly [n: number, d: number];
}

/** What every function of this package takes as points: shape `[n, d]`. */
export type Points = Tensor2D | PointSource | PointArray;

/** Rows in the form the solver reads them in. */
export interface Rows {
  readonly n: number;
  readonly d: number;
  readonly dtype: "float32" | "float64" | "uint8";
  /** All values, when they are in memory. */
  readonly data: Float32Array | Float64Array | Uint8Array | null;
  readonly source: PointSource | null;
}

const isTensor = (points: object): points is Tensor => "dataId" in points && "rank" in points;

/**
 * Brings points into one form; tensors are read once and left as they are.
 *
 * @throws `ArgumentError` for other types, `ShapeError` for a wrong rank, no rows or no columns.
 */
export async function openPoints(caller: string, argument: string, points: Points): Promise<Rows> {
  if (points === null || typeof points !== "object") {
    throw new ArgumentError(`${caller}: ${argument} is ${typeof points}; points must be numeric [N, d]`, {
      argument,
      value: points,
    });
  }
  if (isTensor(points)) {
    if (points.rank !== 2 || points.dtype === "string" || points.dtype === "complex64") {
      throw new ShapeError(
        `${caller}: ${argument} must be numeric [N, d], got rank ${points.rank} ${points.dtype}`,
        { argument, shape: points.shape },
      );
    }
    const [n, d] = points.shape as [number, number];
    checkSize(caller, argument, n, d);
    const values = await points.data();
    // int32 fits float64 exactly, float32 would round it.
    const data = values instanceof Float32Array ? values : Float64Array.from(values as Int32Array);
    return { n, d, dtype: data instanceof Float32Array ? "float32" : "float64", data, source: null };
  }
  const shape = (points as PointArray).shape;
  if (!Array.isArray(shape) || shape.length !== 2) {
    throw new ShapeError(`${caller}: ${argument} must be numeric [N, d], got ${JSON.stringify(shape)}`, {
      argument,
      shape: Array.isArray(shape) ? (shape as number[]) : [],
    });
  }
  const [n, d] = shape as [number, number];
  checkSize(caller, argument, n, d);
  if ("chunk" in points) return { n, d, dtype: points.dtype, data: null, source: points };
  const { data } = points;
  const dtype = dtypeOf(data);
  if (dtype === null) {
    throw new ArgumentError(
      `${caller}: ${argument}.data is ${Object.prototype.toString.call(data).slice(8, -1)}; a Float32Array, Float64Array or Uint8Array was expected`,
      { argument, value: data },
    );
  }
  if (data.length !== n * d) {
    throw new ShapeError(
      `${caller}: ${argument}.data has ${data.length} values; ${n * d} were expected for shape [${n},${d}]`,
      { argument, shape: [n, d] },
    );
  }
  return { n, d, dtype, data, source: null };
}

function dtypeOf(data: unknown): Rows["dtype"] | null {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof Uint8Array || data instanceof Uint8ClampedArray) return "uint8";
  return null;
}

function checkSize(caller: string, argument: string, n: number, d: number): void {
  if (!(n >= 1)) {
    throw new ShapeError(`${caller}: ${argument} must have at least one row; the shape is [${n},${d}]`, {
      argument,
      shape: [n, d],
    });
  }
  if (!(d >= 1)) {
    throw new ShapeError(`${caller}: ${argument} must have at least one column; the shape is [${n},${d}]`, {
      argument,
      shape: [n, d],
    });
  }
}

/** Refuses NaN and infinities, naming row and column. */
export function checkRows(
  caller: string,
  argument: string,
  values: ArrayLike<number>,
  d: number,
  firstRow: number,
): void {
  if (values instanceof Uint8Array) return;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value - value !== 0) {
      const row = firstRow + Math.floor(i / d);
      throw new ArgumentError(
        `${caller}: ${argument}[${row}, ${i % d}] is ${value}; finite numbers were expected`,
        { argument: `${argument}[${row}, ${i % d}]`, value },
      );
    }
  }
}

/** Rows `start` to `start + count`; a view where they are in memory. */
export async function readChunk(rows: Rows, start: number, count: number): Promise<ArrayLike<number>> {
  return rows.data !== null
    ? rows.data.subarray(start * rows.d, (start + count) * rows.d)
    : await rows.source!.chunk(start, count);
}

/** The rows with these indices, in double precision. */
export async function readRows(rows: Rows, index: Int32Array): Promise<Float64Array> {
  if (rows.data === null) return await rows.source!.rows(index);
  const { d, data } = rows;
  const out = new Float64Array(index.length * d);
  for (let k = 0; k < index.length; k++) {
    const from = index[k]! * d;
    for (let j = 0; j < d; j++) out[k * d + j] = data[from + j]!;
  }
  return out;
}

/** All rows in double precision. */
export async function readAll(rows: Rows): Promise<Float64Array> {
  return Float64Array.from(await readChunk(rows, 0, rows.n));
}

/** Rows in memory rounded to another precision; bytes and sources stay as they are. */
export function converted(rows: Rows, dtype: "float32" | "float64" | undefined): Rows {
  if (dtype === undefined || rows.data === null || rows.dtype === dtype || rows.dtype === "uint8")
    return rows;
  const data = dtype === "float32" ? Float32Array.from(rows.data) : Float64Array.from(rows.data);
  return { ...rows, dtype, data };
}
