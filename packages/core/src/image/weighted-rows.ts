/** Rows of values: where each starts, and its weight. */
export interface WeightedRows {
  starts: ArrayLike<number>;
  weights: ArrayLike<number>;
  /** First weight that counts; as many as there are starts. */
  offset: number;
}

/**
 * Writes $\sum_k w_k\, x_{s_k + i}$ for `length` values from `at` on, in double precision until it is stored.
 *
 * Two and three rows, which is what enlarging and the smallest blur take, are one pass over the values.
 */
export function sumWeightedRows(
  out: Float32Array,
  at: number,
  length: number,
  values: Float32Array,
  { starts, weights, offset }: WeightedRows,
): void {
  const count = starts.length;
  const [s0, s1, s2] = [starts[0]!, starts[1] ?? 0, starts[2] ?? 0];
  const [w0, w1, w2] = [weights[offset]!, weights[offset + 1] ?? 0, weights[offset + 2] ?? 0];
  if (count === 2) {
    for (let i = 0; i < length; i++) out[at + i] = w0 * values[s0 + i]! + w1 * values[s1 + i]!;
    return;
  }
  if (count === 3) {
    for (let i = 0; i < length; i++)
      out[at + i] = w0 * values[s0 + i]! + w1 * values[s1 + i]! + w2 * values[s2 + i]!;
    return;
  }
  for (let i = 0; i < length; i++) {
    let sum = 0;
    for (let k = 0; k < count; k++) sum += weights[offset + k]! * values[starts[k]! + i]!;
    out[at + i] = sum;
  }
}
