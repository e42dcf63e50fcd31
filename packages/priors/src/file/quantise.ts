/**
 * Rows divided by their largest magnitude, and, with `levels`, rounded to whole numbers from −levels to levels.
 *
 * @param values - Rows one after the other.
 * @param numRows - How many.
 * @param levels - Largest code; without it values stay fractions.
 */
export function quantiseRows(
  values: Float32Array,
  numRows: number,
  levels?: number,
): { codes: Float32Array; scales: Float32Array } {
  const length = values.length / numRows;
  const codes = new Float32Array(values.length);
  const scales = new Float32Array(numRows);
  for (let row = 0; row < numRows; row++) {
    let largest = 0;
    for (let i = row * length; i < (row + 1) * length; i++) largest = Math.max(largest, Math.abs(values[i]!));
    const scale = Math.fround((largest || 1) / (levels ?? 1));
    scales[row] = scale;
    for (let i = row * length; i < (row + 1) * length; i++) {
      const code = values[i]! / scale;
      codes[i] = levels === undefined ? code : Math.max(-levels, Math.min(levels, Math.round(code)));
    }
  }
  return { codes, scales };
}

/** The inverse of {@link quantiseRows}, up to rounding. */
export function dequantiseRows(codes: ArrayLike<number>, scales: ArrayLike<number>): Float32Array {
  const length = codes.length / scales.length;
  return Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / length)]!);
}
