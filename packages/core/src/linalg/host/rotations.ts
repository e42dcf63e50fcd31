/** Plane rotations of neighbouring rows, collected over one sweep. */
export interface Rotations {
  /** Cosine of the rotation of rows i and i + 1. */
  cos: Float64Array;
  /** Sine of the rotation of rows i and i + 1. */
  sin: Float64Array;
}

/**
 * Rotations $(x_i, x_{i+1}) \gets (c x_i + s x_{i+1}, -s x_i + c x_{i+1})$ for i = first … last, ascending.
 * Two rotations share a pass, so that the row between them is read and written once.
 */
export function rotateAscending(
  rows: Float64Array,
  width: number,
  first: number,
  last: number,
  { cos, sin }: Rotations,
): void {
  let i = first;
  for (; i + 1 <= last; i += 2) {
    const [c0, s0, c1, s1] = [cos[i]!, sin[i]!, cos[i + 1]!, sin[i + 1]!];
    const r0 = i * width;
    const r1 = r0 + width;
    const r2 = r1 + width;
    for (let j = 0; j < width; j++) {
      const x = rows[r0 + j]!;
      const y = rows[r1 + j]!;
      const z = rows[r2 + j]!;
      const middle = c0 * y - s0 * x;
      rows[r0 + j] = c0 * x + s0 * y;
      rows[r1 + j] = c1 * middle + s1 * z;
      rows[r2 + j] = c1 * z - s1 * middle;
    }
  }
  if (i === last) rotateOne(rows, width, i, cos[i]!, sin[i]!);
}

/** The same rotations for i = last … first, descending. */
export function rotateDescending(
  rows: Float64Array,
  width: number,
  first: number,
  last: number,
  { cos, sin }: Rotations,
): void {
  let i = last;
  for (; i - 1 >= first; i -= 2) {
    const [c0, s0, c1, s1] = [cos[i]!, sin[i]!, cos[i - 1]!, sin[i - 1]!];
    const r0 = i * width;
    const r1 = r0 - width;
    const r2 = r0 + width;
    for (let j = 0; j < width; j++) {
      const x = rows[r1 + j]!;
      const y = rows[r0 + j]!;
      const z = rows[r2 + j]!;
      const middle = c0 * y + s0 * z;
      rows[r2 + j] = c0 * z - s0 * y;
      rows[r0 + j] = c1 * middle - s1 * x;
      rows[r1 + j] = c1 * x + s1 * middle;
    }
  }
  if (i === first) rotateOne(rows, width, i, cos[i]!, sin[i]!);
}

/** Rotates rows i and i + 1. */
export function rotateOne(rows: Float64Array, width: number, i: number, c: number, s: number): void {
  rotatePair(rows, width, i, i + 1, c, s);
}

/** Rotates rows i and k: $(x_i, x_k) \gets (c x_i + s x_k, -s x_i + c x_k)$. */
export function rotatePair(
  rows: Float64Array,
  width: number,
  i: number,
  k: number,
  c: number,
  s: number,
): void {
  const [r0, r1] = [i * width, k * width];
  for (let j = 0; j < width; j++) {
    const x = rows[r0 + j]!;
    const y = rows[r1 + j]!;
    rows[r0 + j] = c * x + s * y;
    rows[r1 + j] = c * y - s * x;
  }
}
