import type { Rule } from "../rules/rule.js";
import type { ImageShape, RandomTransform } from "../transforms/transform.js";
import { visitTaps } from "../transforms/warp-host.js";

/** A sparse matrix, row by row. */
export interface SparseMatrix {
  /** Start of each row in `columns` and `values`, and the end of the last. */
  starts: Int32Array;
  /** Columns of the entries. */
  columns: Int32Array;
  /** Entries. */
  values: Float64Array;
}

/** `E[M]` of a warp: it depends on the shape only. */
export function meanMatrix(t: RandomTransform, rule: Rule, shape: ImageShape): SparseMatrix {
  const [height, width] = shape;
  const [outHeight, outWidth] = t.outputShape(shape);
  const { boundary = "zero", warp } = t.definition;
  const P = rule.numParameters;
  const maps = Array.from({ length: rule.count }, (_, q) =>
    warp!(rule.theta.subarray(q * P, (q + 1) * P), shape),
  );
  const row = new Float64Array(height * width);
  const isTouched = new Uint8Array(height * width);
  const starts = new Int32Array(outHeight * outWidth + 1);
  const columns: number[] = [];
  const values: number[] = [];
  let touched: number[] = [];
  let weight = 0;
  const add = (pixel: number, tap: number) => {
    if (isTouched[pixel] === 0) {
      isTouched[pixel] = 1;
      touched.push(pixel);
    }
    row[pixel]! += weight * tap;
  };
  for (let i = 0, at = 0; i < outHeight; i++) {
    for (let j = 0; j < outWidth; j++, at++) {
      for (let q = 0; q < maps.length; q++) {
        weight = rule.weights[q]!;
        visitTaps(maps[q]!, i, j, height, width, boundary, add);
      }
      touched.sort((a, b) => a - b);
      for (const pixel of touched) {
        columns.push(pixel);
        values.push(row[pixel]!);
        row[pixel] = 0;
        isTouched[pixel] = 0;
      }
      touched = [];
      starts[at + 1] = columns.length;
    }
  }
  return { starts, columns: Int32Array.from(columns), values: new Float64Array(values) };
}

/** The matrix times every channel of every image. */
export function applySparse(
  matrix: SparseMatrix,
  images: ArrayLike<number>,
  count: number,
  [height, width, channels]: ImageShape,
): Float32Array {
  const { starts, columns, values } = matrix;
  const numRows = starts.length - 1;
  const size = height * width * channels;
  const out = new Float32Array(count * numRows * channels);
  for (let n = 0; n < count; n++) {
    const from = n * size;
    for (let r = 0, to = n * numRows * channels; r < numRows; r++, to += channels) {
      const end = starts[r + 1]!;
      if (channels === 3) {
        let [a, b, c] = [0, 0, 0];
        for (let k = starts[r]!; k < end; k++) {
          const at = from + 3 * columns[k]!;
          const w = values[k]!;
          a += w * images[at]!;
          b += w * images[at + 1]!;
          c += w * images[at + 2]!;
        }
        out[to] = a;
        out[to + 1] = b;
        out[to + 2] = c;
        continue;
      }
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = starts[r]!; k < end; k++) sum += values[k]! * images[from + channels * columns[k]! + c]!;
        out[to + c] = sum;
      }
    }
  }
  return out;
}
