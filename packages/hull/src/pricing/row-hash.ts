const words = new Float64Array(1);
const bits = new Uint32Array(words.buffer);

/** FNV-1a over the bits of the values as doubles; −0 counts as 0. */
export function hashRow(values: ArrayLike<number>, from: number, d: number): number {
  let hash = 0x811c9dc5;
  for (let j = from; j < from + d; j++) {
    words[0] = values[j]! + 0;
    hash = Math.imul(hash ^ bits[0]!, 0x01000193);
    hash = Math.imul(hash ^ bits[1]!, 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

/** Whether a row of one array has the values of a row of another. */
export function isEqualRow(
  a: ArrayLike<number>,
  fromA: number,
  b: ArrayLike<number>,
  fromB: number,
  d: number,
): boolean {
  for (let j = 0; j < d; j++) if (a[fromA + j] !== b[fromB + j]) return false;
  return true;
}
