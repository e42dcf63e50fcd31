/**
 * Scores of rows in directions: `out[r * count + k] = rows[r] · directions[k]`, in double precision.
 *
 * Two rows and four directions at a time keep eight sums in registers.
 */
export function multiplyRows(
  rows: Float64Array,
  numRows: number,
  d: number,
  directions: Float64Array,
  count: number,
  out: Float64Array,
): void {
  let r = 0;
  for (; r + 2 <= numRows; r += 2) {
    const a = r * d;
    const b = a + d;
    let k = 0;
    for (; k + 4 <= count; k += 4) {
      let w0 = k * d;
      let w1 = w0 + d;
      let w2 = w1 + d;
      let w3 = w2 + d;
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      let b0 = 0;
      let b1 = 0;
      let b2 = 0;
      let b3 = 0;
      for (let j = 0; j < d; j++) {
        const x = rows[a + j]!;
        const y = rows[b + j]!;
        const v0 = directions[w0++]!;
        const v1 = directions[w1++]!;
        const v2 = directions[w2++]!;
        const v3 = directions[w3++]!;
        a0 += x * v0;
        a1 += x * v1;
        a2 += x * v2;
        a3 += x * v3;
        b0 += y * v0;
        b1 += y * v1;
        b2 += y * v2;
        b3 += y * v3;
      }
      const at = r * count + k;
      out[at] = a0;
      out[at + 1] = a1;
      out[at + 2] = a2;
      out[at + 3] = a3;
      out[at + count] = b0;
      out[at + count + 1] = b1;
      out[at + count + 2] = b2;
      out[at + count + 3] = b3;
    }
    for (; k < count; k++) {
      let x = 0;
      let y = 0;
      for (let j = 0, w = k * d; j < d; j++, w++) {
        const v = directions[w]!;
        x += rows[a + j]! * v;
        y += rows[b + j]! * v;
      }
      out[r * count + k] = x;
      out[(r + 1) * count + k] = y;
    }
  }
  if (r < numRows) {
    for (let k = 0; k < count; k++) {
      let x = 0;
      for (let j = 0, w = k * d; j < d; j++, w++) x += rows[r * d + j]! * directions[w]!;
      out[r * count + k] = x;
    }
  }
}

/** Rows minus the centre, in double precision. */
export function centerRows(
  values: ArrayLike<number>,
  from: number,
  numRows: number,
  d: number,
  center: Float64Array,
  out: Float64Array,
): void {
  let at = from * d;
  for (let r = 0, o = 0; r < numRows; r++) {
    for (let j = 0; j < d; j++) out[o++] = values[at++]! - center[j]!;
  }
}
