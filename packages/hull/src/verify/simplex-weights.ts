import { solveHost } from "@lab/core/linalg";

/**
 * Whether the barycentric coordinates of q in the simplex of d + 1 rows are positive beyond rounding.
 *
 * Solves for all unit vectors by LU, then bounds the error of the coordinates by |B|(|r| + g |A||λ|) with B the
 * computed inverse and a factor for ‖I − BA‖ ≤ ½.
 *
 * @param rows - d + 1 rows.
 */
export function hasPositiveWeights(rows: Float64Array, d: number, q: ArrayLike<number>): boolean {
  const k = d + 1;
  const a = new Float64Array(k * k);
  for (let j = 0; j < d; j++) {
    let largest = 0;
    for (let s = 0; s < k; s++) {
      a[j * k + s] = rows[s * d + j]! - q[j]!;
      largest = Math.max(largest, Math.abs(a[j * k + s]!));
    }
    if (largest === 0) return false;
    const scale = 2 ** -Math.ceil(Math.log2(largest));
    for (let s = 0; s < k; s++) a[j * k + s] = a[j * k + s]! * scale;
  }
  a.fill(1, d * k);
  const identity = new Float64Array(k * k);
  for (let i = 0; i < k; i++) identity[i * k + i] = 1;
  let inverse: Float64Array;
  try {
    inverse = solveHost(a, identity, k, k);
  } catch {
    return false; // singular: the simplex is flat
  }
  const weight = Float64Array.from({ length: k }, (_, s) => inverse[s * k + d]!);
  const u = 2 ** -52;
  const g = (k + 6) * u;
  const residual = () =>
    Float64Array.from({ length: k }, (_, j) => {
      let sum = j === d ? -1 : 0;
      for (let s = 0; s < k; s++) sum += a[j * k + s]! * weight[s]!;
      return sum;
    });
  const first = residual();
  for (let s = 0; s < k; s++) {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += inverse[s * k + j]! * first[j]!;
    weight[s] = weight[s]! - sum;
  }
  const rest = residual();
  const error = Float64Array.from({ length: k }, (_, j) => {
    let size = j === d ? 1 : 0;
    for (let s = 0; s < k; s++) size += Math.abs(a[j * k + s]! * weight[s]!);
    return Math.abs(rest[j]!) + g * size;
  });
  let defect = 0;
  let largestBound = 0;
  const bound = new Float64Array(k);
  for (let s = 0; s < k; s++) {
    let rowDefect = 0;
    for (let c = 0; c < k; c++) {
      let sum = s === c ? -1 : 0;
      let size = 0;
      for (let j = 0; j < k; j++) {
        const term = inverse[s * k + j]! * a[j * k + c]!;
        sum += term;
        size += Math.abs(term);
      }
      rowDefect += Math.abs(sum) + g * (size + 1);
    }
    defect = Math.max(defect, rowDefect);
    let sum = 0;
    for (let j = 0; j < k; j++) sum += Math.abs(inverse[s * k + j]!) * error[j]!;
    bound[s] = sum * (1 + 8 * g);
    largestBound = Math.max(largestBound, bound[s]!);
  }
  if (!(defect < 0.5)) return false;
  const extra = (2 * largestBound * defect) / (1 - defect);
  return weight.every((value, s) => value > bound[s]! + extra);
}
