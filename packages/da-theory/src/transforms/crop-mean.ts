import { uniform } from "../distribution/distribution.js";
import { shiftMasses } from "../distribution/shift-masses.js";
import type { ImageShape } from "./transform.js";
import { foldIndex } from "./warp-host.js";

/** One axis of a resized crop, averaged over its offset: `[out, size]`, row by row. */
export function averagedRows(size: number, out: number, share: number): Float64Array {
  const rows = new Float64Array(out * size);
  for (let i = 0; i < out; i++) {
    const start = (share * size * (i + 0.5)) / out - 0.5;
    const { first, g } = shiftMasses(uniform(start, start + size * (1 - share)));
    for (let k = 0; k < g.length; k++) rows[i * size + foldIndex(first + k, size, "edge")]! += g[k]!;
  }
  return rows;
}

/** The same over whole offsets of a crop with `length` pixels. */
export function averagedRowsWhole(size: number, out: number, length: number): Float64Array {
  const rows = new Float64Array(out * size);
  const offsets = size - length + 1;
  for (let top = 0; top < offsets; top++) {
    for (let i = 0; i < out; i++) {
      const at = top + (length * (i + 0.5)) / out - 0.5;
      const first = Math.floor(at);
      rows[i * size + foldIndex(first, size, "edge")]! += (1 - (at - first)) / offsets;
      rows[i * size + foldIndex(first + 1, size, "edge")]! += (at - first) / offsets;
    }
  }
  return rows;
}

/** Adds `weight · R_y x R_xᵀ` to `mean`, channel by channel. */
export function addSandwich(
  image: Float64Array,
  [height, width, channels]: ImageShape,
  rows: Float64Array,
  columns: Float64Array,
  weight: number,
  mean: Float64Array,
): void {
  const outHeight = rows.length / height;
  const outWidth = columns.length / width;
  const length = width * channels;
  const line = new Float64Array(length);
  for (let i = 0; i < outHeight; i++) {
    line.fill(0);
    for (let k = 0; k < height; k++) {
      const w = weight * rows[i * height + k]!;
      if (w === 0) continue;
      for (let j = 0; j < length; j++) line[j]! += w * image[k * length + j]!;
    }
    for (let j = 0; j < outWidth; j++) {
      const to = (i * outWidth + j) * channels;
      for (let k = 0; k < width; k++) {
        const w = columns[j * width + k]!;
        if (w === 0) continue;
        for (let c = 0; c < channels; c++) mean[to + c]! += w * line[k * channels + c]!;
      }
    }
  }
}
