import { integersOf } from "../exact/dyadic.js";

/** A rational number; the denominator is positive. */
type Fraction = { n: bigint; d: bigint };

function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

function fraction(n: bigint, d: bigint): Fraction {
  if (n === 0n) return { n: 0n, d: 1n };
  const g = gcd(n, d);
  return d < 0n ? { n: -n / g, d: -d / g } : { n: n / g, d: d / g };
}

/**
 * Whether some weights λ ≥ 0, Σλ = 1 give Σλ x = q exactly, for affinely independent rows.
 *
 * Gaussian elimination over the rationals: the solution is unique, so its signs decide.
 *
 * @returns `true`, `false`, or `null` when the rows are affinely dependent.
 */
export function hasExactWeights(
  rows: ArrayLike<number>,
  k: number,
  d: number,
  q: ArrayLike<number>,
): boolean | null {
  const both = new Float64Array((k + 1) * d);
  both.set(rows as Float64Array);
  for (let j = 0; j < d; j++) both[k * d + j] = q[j]!;
  const { integers } = integersOf(both);
  const matrix: Fraction[][] = [];
  for (let j = 0; j < d; j++) {
    const target = integers[k * d + j]!;
    const row = Array.from({ length: k }, (_, s) => fraction(integers[s * d + j]! - target, 1n));
    row.push({ n: 0n, d: 1n });
    if (row.some(({ n }) => n !== 0n)) matrix.push(row);
  }
  matrix.push(Array.from({ length: k + 1 }, () => ({ n: 1n, d: 1n })));
  let rank = 0;
  for (let c = 0; c < k; c++) {
    const pivot = matrix.findIndex((row, r) => r >= rank && row[c]!.n !== 0n);
    if (pivot < 0) return null;
    [matrix[rank], matrix[pivot]] = [matrix[pivot]!, matrix[rank]!];
    const top = matrix[rank]!;
    const head = top[c]!;
    for (let r = 0; r < matrix.length; r++) {
      const row = matrix[r]!;
      if (r === rank || row[c]!.n === 0n) continue;
      const factor = fraction(row[c]!.n * head.d, row[c]!.d * head.n);
      for (let j = c; j <= k; j++) {
        const a = row[j]!;
        const b = top[j]!;
        if (b.n === 0n) continue;
        const product = { n: factor.n * b.n, d: factor.d * b.d };
        row[j] = fraction(a.n * product.d - product.n * a.d, a.d * product.d);
      }
    }
    rank++;
  }
  for (let r = rank; r < matrix.length; r++) if (matrix[r]![k]!.n !== 0n) return false;
  for (let r = 0; r < k; r++) {
    const pivot = matrix[r]![r]!;
    const value = matrix[r]![k]!;
    if (value.n !== 0n && value.n < 0n !== pivot.n < 0n) return false;
  }
  return true;
}
