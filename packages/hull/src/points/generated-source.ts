import { ArgumentError } from "@lab/core";
import type { PointSource } from "./points.js";

/** Arguments of {@link generatedSource}. */
export interface GeneratedSourceOptions {
  /** Rows and columns. */
  shape: readonly [number, number];
  /** Writes row `i` to `out` from `offset` on. */
  fill: (i: number, out: Float64Array, offset: number) => void;
  /** Names the content in checkpoints. @defaultValue a hash of all rows */
  id?: string;
}

/**
 * Rows that a function makes when they are asked for; the same row must come out the same every time.
 *
 * @param options - See {@link GeneratedSourceOptions}.
 * @throws `ArgumentError` for a shape without rows or columns.
 */
export function generatedSource(options: GeneratedSourceOptions): PointSource {
  const { shape, fill, id } = options;
  const [n, d] = shape;
  if (!(n >= 1 && d >= 1)) {
    throw new ArgumentError(
      `generatedSource: shape is [${n},${d}]; at least one row and column were expected`,
      {
        argument: "shape",
        value: shape,
      },
    );
  }
  return {
    shape: [n, d],
    dtype: "float64",
    ...(id !== undefined && { id }),
    chunk: async (start, count) => {
      const out = new Float64Array(count * d);
      for (let i = 0; i < count; i++) fill(start + i, out, i * d);
      return out;
    },
    rows: async (index) => {
      const out = new Float64Array(index.length * d);
      for (const [k, i] of index.entries()) fill(i, out, k * d);
      return out;
    },
  };
}
