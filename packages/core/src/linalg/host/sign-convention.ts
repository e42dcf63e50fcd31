/** 1 or −1: the sign that makes the component of largest magnitude positive; of equal ones the first counts. */
export function signOf(vector: Float64Array): 1 | -1 {
  let [largest, sign]: [number, 1 | -1] = [0, 1];
  for (const x of vector) {
    // A component must be clearly larger than the first to replace it, so that rounding does not choose.
    if (Math.abs(x) > largest * (1 + 1e-6)) {
      largest = Math.abs(x);
      sign = x < 0 ? -1 : 1;
    }
  }
  return sign;
}

/** Indices of `values` in ascending order of the values. */
export function ascendingOrder(values: Float64Array): Int32Array {
  return Int32Array.from(values.keys()).sort((i, j) => values[i]! - values[j]! || i - j);
}
