import { device } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { type Rows, readChunk } from "../points/points.js";
import type { Pauses } from "../run/pauses.js";

/** Whether the active backend adds and multiplies in IEEE single precision, so that its scores prove. */
export function hasExactSingles(): boolean {
  const backend = activeBackend();
  return backend === "wasm" || backend === "cpu";
}

/** The active backend; `null` when there is none. */
export function activeBackend(): string | null {
  try {
    return device().backend;
  } catch {
    return null;
  }
}

/**
 * Largest score of every direction in single precision: max_i w_k·fl((x_i − c)/unit).
 *
 * The product runs as [directions, d] × [d, rows], both laid out for it: the transpose flag costs ten times as much on
 * wasm, and the maximum along the last axis needs no transpose either.
 *
 * @param directions - count × d, already rounded to single precision.
 * @param unit - Power of two.
 * @returns One value a direction.
 */
export async function tensorMaxPass(
  rows: Rows,
  center: Float64Array,
  directions: Float64Array,
  count: number,
  unit: number,
  chunkSize: number,
  blockSize: number,
  pauses: Pauses,
): Promise<Float64Array> {
  const { n, d } = rows;
  const largest = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  const blocks: tf.Tensor2D[] = [];
  try {
    for (let k = 0; k < count; k += blockSize) {
      const size = Math.min(blockSize, count - k);
      blocks.push(tf.tensor2d(Float32Array.from(directions.subarray(k * d, (k + size) * d)), [size, d]));
    }
    for (let start = 0; start < n; start += chunkSize) {
      const size = Math.min(chunkSize, n - start);
      const values = await readChunk(rows, start, size);
      const chunk = tf.tensor2d(transposed(values, size, d, center, unit), [d, size]);
      try {
        for (let b = 0; b < blocks.length; b++) {
          const maxima = tf.tidy(() => tf.max(tf.matMul(blocks[b]!, chunk), 1));
          const found = await maxima.data();
          maxima.dispose();
          const at = b * blockSize;
          for (let k = 0; k < found.length; k++) {
            if (found[k]! > largest[at + k]!) largest[at + k] = found[k]!;
          }
          await pauses.ifDue();
        }
      } finally {
        chunk.dispose();
      }
    }
  } finally {
    for (const block of blocks) block.dispose();
  }
  return largest;
}

/** (x − c)/unit in single precision, one column after the other. */
function transposed(
  values: ArrayLike<number>,
  numRows: number,
  d: number,
  center: Float64Array,
  unit: number,
): Float32Array {
  const out = new Float32Array(numRows * d);
  const inverse = 1 / unit;
  // Tiles of 32 × 32 keep both sides in the cache.
  for (let top = 0; top < numRows; top += 32) {
    const bottom = Math.min(top + 32, numRows);
    for (let left = 0; left < d; left += 32) {
      const right = Math.min(left + 32, d);
      for (let j = left; j < right; j++) {
        const c = center[j]!;
        for (let i = top; i < bottom; i++) out[j * numRows + i] = (values[i * d + j]! - c) * inverse;
      }
    }
  }
  return out;
}
