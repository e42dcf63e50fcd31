/** A complex array of two axes of equal power-of-two lengths, in double precision. */
export interface ComplexPlane {
  /** Real parts, row by row. */
  re: Float64Array;
  /** Imaginary parts. */
  im: Float64Array;
}

/** Fourier transform of planes whose sides are powers of two. */
export interface PlaneTransform {
  /** Rows and columns. */
  readonly sides: readonly [rows: number, columns: number];
  /** An empty plane. */
  plane(): ComplexPlane;
  /** Transforms in place. */
  forward(plane: ComplexPlane): void;
  /** Transforms back in place, with the factor 1 / size. */
  inverse(plane: ComplexPlane): void;
}

/** The smallest power of two that is at least `n`. */
export function powerOfTwo(n: number): number {
  let size = 1;
  while (size < n) size *= 2;
  return size;
}

/** Transform of planes with these sides. */
export function planeTransform(rows: number, columns: number): PlaneTransform {
  const along = lineTransform(columns);
  const across = rows === columns ? along : lineTransform(rows);
  const size = rows * columns;
  // Eight columns at a time: neighbours share cache lines.
  const block = 8;
  const re = new Float64Array(rows * block);
  const im = new Float64Array(rows * block);
  const forward = (plane: ComplexPlane) => {
    for (let i = 0; i < rows; i++) along(plane.re, plane.im, i * columns);
    if (rows === 1) return;
    for (let first = 0; first < columns; first += block) {
      const count = Math.min(block, columns - first);
      for (let i = 0; i < rows; i++) {
        for (let b = 0; b < count; b++) {
          re[b * rows + i] = plane.re[i * columns + first + b]!;
          im[b * rows + i] = plane.im[i * columns + first + b]!;
        }
      }
      for (let b = 0; b < count; b++) across(re, im, b * rows);
      for (let i = 0; i < rows; i++) {
        for (let b = 0; b < count; b++) {
          plane.re[i * columns + first + b] = re[b * rows + i]!;
          plane.im[i * columns + first + b] = im[b * rows + i]!;
        }
      }
    }
  };
  return {
    sides: [rows, columns],
    plane: () => ({ re: new Float64Array(size), im: new Float64Array(size) }),
    forward,
    inverse(plane) {
      forward({ re: plane.im, im: plane.re });
      for (let k = 0; k < size; k++) {
        plane.re[k]! /= size;
        plane.im[k]! /= size;
      }
    },
  };
}

/** In-place transform of `n` values from an offset on: bit reversal, then radix-2 butterflies. */
function lineTransform(n: number): (re: Float64Array, im: Float64Array, from: number) => void {
  const reversed = new Int32Array(n);
  for (let i = 1, bits = n >> 1; i < n; i++) reversed[i] = (reversed[i >> 1]! >> 1) | (i & 1 ? bits : 0);
  const cos = Float64Array.from({ length: n >> 1 }, (_, k) => Math.cos((2 * Math.PI * k) / n));
  const sin = Float64Array.from({ length: n >> 1 }, (_, k) => -Math.sin((2 * Math.PI * k) / n));
  return (re, im, from) => {
    for (let i = 0; i < n; i++) {
      const j = reversed[i]!;
      if (j <= i) continue;
      const [a, b] = [from + i, from + j];
      const r = re[a]!;
      re[a] = re[b]!;
      re[b] = r;
      const s = im[a]!;
      im[a] = im[b]!;
      im[b] = s;
    }
    for (let half = 1; half < n; half *= 2) {
      const stride = n / (2 * half);
      for (let start = from; start < from + n; start += 2 * half) {
        for (let k = 0, t = 0; k < half; k++, t += stride) {
          const [p, q] = [start + k, start + k + half];
          const c = cos[t]!;
          const s = sin[t]!;
          const r = re[q]! * c - im[q]! * s;
          const i = re[q]! * s + im[q]! * c;
          re[q] = re[p]! - r;
          im[q] = im[p]! - i;
          re[p]! += r;
          im[p]! += i;
        }
      }
    }
  };
}
