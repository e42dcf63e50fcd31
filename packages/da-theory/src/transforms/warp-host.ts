import type { Boundary, ImageShape } from "./transform.js";

/** Source index of a position on one axis, or -1 where nothing is. */
export function foldIndex(index: number, size: number, boundary: Boundary): number {
  if (index >= 0 && index < size) return index;
  if (boundary === "zero") return -1;
  if (boundary === "edge") return index < 0 ? 0 : size - 1;
  const period = boundary === "wrap" ? size : 2 * size;
  const folded = ((index % period) + period) % period;
  return folded < size ? folded : period - 1 - folded;
}

/** Positions this close to a pixel are on it: a rotation by 0 must be the identity to the last bit. */
const SNAP = 1e-12;

/** Calls `visit(source pixel, weight)` for the up to four taps of output pixel (i, j). */
export function visitTaps(
  map: Float64Array,
  i: number,
  j: number,
  height: number,
  width: number,
  boundary: Boundary,
  visit: (pixel: number, weight: number) => void,
): void {
  const y = map[0]! * i + map[1]! * j + map[2]!;
  const x = map[3]! * i + map[4]! * j + map[5]!;
  const [iy, ix] = [Math.floor(y + SNAP), Math.floor(x + SNAP)];
  const [fy, fx] = [Math.max(0, y - iy), Math.max(0, x - ix)];
  for (let a = 0; a < 2; a++) {
    const wy = a === 0 ? 1 - fy : fy;
    const row = wy === 0 ? -1 : foldIndex(iy + a, height, boundary);
    if (row < 0) continue;
    for (let b = 0; b < 2; b++) {
      const wx = b === 0 ? 1 - fx : fx;
      const column = wx === 0 ? -1 : foldIndex(ix + b, width, boundary);
      if (column >= 0) visit(row * width + column, wy * wx);
    }
  }
}

/** Bilinear resampling of one image along an affine map, in float64. */
export function warpHost(
  image: Float64Array,
  shape: ImageShape,
  map: Float64Array,
  boundary: Boundary,
  outHeight: number,
  outWidth: number,
  out: Float64Array,
): void {
  const [height, width, channels] = shape;
  const [ya, yb, yc, xa, xb, xc] = [map[0]!, map[1]!, map[2]!, map[3]!, map[4]!, map[5]!];
  const line = width * channels;
  for (let i = 0, to = 0; i < outHeight; i++) {
    for (let j = 0; j < outWidth; j++, to += channels) {
      const y = ya * i + yb * j + yc;
      const x = xa * i + xb * j + xc;
      const iy = Math.floor(y + SNAP);
      const ix = Math.floor(x + SNAP);
      const fy = Math.max(0, y - iy);
      const fx = Math.max(0, x - ix);
      const w11 = fy * fx;
      const w10 = fy - w11;
      const w01 = fx - w11;
      const w00 = 1 - fy - w01;
      if (iy >= 0 && ix >= 0 && iy + 1 < height && ix + 1 < width) {
        let from = iy * line + ix * channels;
        for (let c = 0; c < channels; c++, from++) {
          out[to + c] =
            w00 * image[from]! +
            w01 * image[from + channels]! +
            w10 * image[from + line]! +
            w11 * image[from + line + channels]!;
        }
        continue;
      }
      const top = foldIndex(iy, height, boundary);
      const bottom = foldIndex(iy + 1, height, boundary);
      const left = foldIndex(ix, width, boundary);
      const right = foldIndex(ix + 1, width, boundary);
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        if (top >= 0 && left >= 0) sum += w00 * image[top * line + left * channels + c]!;
        if (top >= 0 && right >= 0) sum += w01 * image[top * line + right * channels + c]!;
        if (bottom >= 0 && left >= 0) sum += w10 * image[bottom * line + left * channels + c]!;
        if (bottom >= 0 && right >= 0) sum += w11 * image[bottom * line + right * channels + c]!;
        out[to + c] = sum;
      }
    }
  }
}
