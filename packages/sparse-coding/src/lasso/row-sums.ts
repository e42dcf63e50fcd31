import { ROW_MODULE } from "./row-module.js";

/** The function of `simd/rows.mjs`. */
type Subtract = (c: number, table: number, count: number, tiles: number) => void;

const PAGE = 65_536;

let shared: { memory: WebAssembly.Memory; subtract: Subtract } | undefined;

/** The module on one memory for this thread, as large as the largest problem. */
function roomFor(bytes: number): NonNullable<typeof shared> {
  if (!shared) {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const module = new WebAssembly.Module(Uint8Array.from(atob(ROW_MODULE), (c) => c.charCodeAt(0)));
    const { exports } = new WebAssembly.Instance(module, { e: { m: memory } });
    shared = { memory, subtract: exports.subtract as Subtract };
  }
  const missing = bytes - shared.memory.buffer.byteLength;
  if (missing > 0) shared.memory.grow(Math.ceil(missing / PAGE));
  return shared;
}

/** Sums of rows of a matrix, in double precision. */
export interface RowSums {
  /** What is subtracted from, `[columns]`. */
  c: Float64Array;
  /** Whether vector instructions do it. */
  isSimd: boolean;
  /** $c \leftarrow c - \sum_{i \in list} f_i m_i$ over the first `count` of a list of rows. */
  subtract(list: Int32Array, count: number, factors: Float64Array): void;
  /** The matrix that it reads, which may be changed; its rows begin `stride` apart. */
  matrix: Float32Array | Float64Array;
  stride: number;
}

/**
 * Sums of the rows of `matrix`, `[rows, columns]`: of one in single precision by vector instructions, where there are any.
 *
 * Those work on memory that all share: making sums of a second matrix ends the use of the first one's.
 */
export function rowSums(matrix: Float32Array | Float64Array, columns: number): RowSums {
  try {
    if (matrix instanceof Float32Array) return simdSums(matrix, columns);
  } catch {
    // No vectors, a page that forbids them, or not as much room.
  }
  const c = new Float64Array(columns);
  return {
    ...{ c, matrix, stride: columns, isSimd: false },
    subtract(list, count, factors) {
      for (let a = 0; a < count; a++) {
        const [from, factor] = [list[a]! * columns, factors[list[a]!]!];
        for (let k = 0; k < columns; k++) c[k]! -= factor * matrix[from + k]!;
      }
    },
  };
}

function simdSums(given: Float32Array, columns: number): RowSums {
  const stride = 8 * Math.ceil(columns / 8);
  const rows = given.length / columns;
  // c, table, rows of the matrix.
  const [tableAt, matrixAt] = [8 * stride, 8 * stride + 16 * rows];
  const { memory, subtract } = roomFor(matrixAt + 4 * stride * rows);
  const doubles = new Float64Array(memory.buffer, 0, stride + 2 * rows).fill(0);
  const addresses = new Int32Array(memory.buffer, tableAt, 4 * rows);
  const matrix = new Float32Array(memory.buffer, matrixAt, stride * rows).fill(0);
  for (let j = 0; j < rows; j++) matrix.set(given.subarray(j * columns, (j + 1) * columns), j * stride);
  return {
    ...{ c: doubles.subarray(0, columns), matrix, stride, isSimd: true },
    subtract(list, count, factors) {
      for (let a = 0; a < count; a++) {
        addresses[4 * a] = matrixAt + 4 * stride * list[a]!;
        doubles[stride + 2 * a + 1] = factors[list[a]!]!;
      }
      if (count > 0) subtract(0, tableAt, count, stride / 8);
    },
  };
}
