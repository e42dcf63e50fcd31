import type { Distribution } from "../distribution/distribution.js";
import { type ShiftMasses, shiftMasses } from "../distribution/shift-masses.js";
import type { Boundary } from "../transforms/transform.js";
import { foldIndex } from "../transforms/warp-host.js";

/** The shifts of one axis that reach the image, with their weights. */
export interface ShiftAxis {
  /** Pixels of the image on the axis. */
  size: number;
  /** First shift. */
  first: number;
  /** Number of shifts. */
  count: number;
  /** `g`. */
  g: Float64Array;
  /** Diagonal of the mass matrix. */
  diagonal: Float64Array;
  /** Entry i couples shift i and i + 1. */
  coupling: Float64Array;
  /** Largest shift in either direction: the margin by which the image is padded. */
  margin: number;
  /** The weights of all shifts, also of those that bring nothing into the image. */
  whole: ShiftMasses;
  /** Source of each padded position, from -margin to size + margin - 1; -1 where nothing is. */
  source: Int32Array;
}

/** Shifts of a law; with nothing outside, only those smaller than the image matter. */
export function shiftAxis(law: Distribution, size: number, boundary: Boundary): ShiftAxis {
  const masses = shiftMasses(law);
  const isInside = (_: number, i: number) => boundary !== "zero" || Math.abs(masses.first + i) < size;
  let first = masses.first;
  while (!isInside(0, first - masses.first) && first < masses.first + masses.g.length) first++;
  const keep = (values: Float64Array) => values.filter(isInside);
  const g = keep(masses.g);
  const last = first + g.length - 1;
  const margin = g.length === 0 ? 0 : Math.max(Math.abs(first), Math.abs(last));
  const source = Int32Array.from({ length: size + 2 * margin }, (_, i) =>
    foldIndex(i - margin, size, boundary),
  );
  return {
    size,
    first,
    count: g.length,
    g,
    diagonal: keep(masses.diagonal),
    coupling: keep(masses.coupling),
    margin,
    whole: masses,
    source,
  };
}

/** Entry (i, j) of the mass matrix of one axis. */
export function massOf(axis: ShiftAxis, i: number, j: number): number {
  if (i === j) return axis.diagonal[i]!;
  return Math.abs(i - j) === 1 ? axis.coupling[Math.min(i, j)]! : 0;
}

/** One channel of an image with its margins. */
export function padChannel(
  image: ArrayLike<number>,
  y: ShiftAxis,
  x: ShiftAxis,
  channels: number,
  channel: number,
): Float64Array {
  const width = x.source.length;
  const out = new Float64Array(y.source.length * width);
  for (let i = 0; i < y.source.length; i++) {
    const row = y.source[i]!;
    if (row < 0) continue;
    for (let j = 0; j < width; j++) {
      const column = x.source[j]!;
      if (column >= 0) out[i * width + j] = image[(row * x.size + column) * channels + channel]!;
    }
  }
  return out;
}

/** Adds `scale · Σ_s a_sy b_sx p[u - s]` to one channel of `out`; `p` has margins. */
export function addSeparable(
  p: Float64Array,
  y: ShiftAxis,
  x: ShiftAxis,
  wy: Float64Array,
  wx: Float64Array,
  scale: number,
  out: Float64Array,
  channels: number,
  channel: number,
): void {
  const width = x.source.length;
  const line = new Float64Array(width);
  for (let i = 0; i < y.size; i++) {
    line.fill(0);
    for (let a = 0; a < y.count; a++) {
      const w = scale * wy[a]!;
      const row = i - (y.first + a) + y.margin;
      // Rows outside of an image with nothing outside hold zeros.
      if (w === 0 || y.source[row]! < 0) continue;
      const from = row * width;
      for (let j = 0; j < width; j++) line[j]! += w * p[from + j]!;
    }
    for (let j = 0; j < x.size; j++) {
      let sum = 0;
      const from = j - x.first + x.margin;
      for (let b = 0; b < x.count; b++) sum += wx[b]! * line[from - b]!;
      out[(i * x.size + j) * channels + channel]! += sum;
    }
  }
}

/** Products of a padded channel with itself moved by `dy` rows and `dx` columns; 0 beyond the margins. */
export function shiftedProduct(
  p: Float64Array,
  width: number,
  [ay, ax]: readonly [number, number],
  [by, bx]: readonly [number, number],
): Float64Array {
  const height = p.length / width;
  const out = new Float64Array(p.length);
  for (let i = Math.max(ay, by); i < height; i++) {
    for (let j = Math.max(ax, bx); j < width; j++) {
      out[i * width + j] = p[(i - ay) * width + j - ax]! * p[(i - by) * width + j - bx]!;
    }
  }
  return out;
}
