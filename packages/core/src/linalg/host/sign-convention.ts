/** Whether a magnitude replaces the largest so far; rounding alone must not choose. */
export function isClearlyLarger(size: number, largest: number): boolean {
  return size > largest * (1 + 1e-6);
}

/** 1 or −1: the sign that makes the component of largest magnitude positive; of equal ones the first counts. */
export function signOf(vector: Float64Array): 1 | -1 {
  let [largest, sign]: [number, 1 | -1] = [0, 1];
  for (const x of vector) {
    if (isClearlyLarger(Math.abs(x), largest)) {
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
