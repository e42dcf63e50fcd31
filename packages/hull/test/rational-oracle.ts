/**
 * Membership in exact arithmetic, written for the tests: phase one of the simplex method with Bland's rule on a tableau of
 * whole numbers (Edmonds' integer pivoting). Shares nothing with the package.
 */
export function isInHull(x: ArrayLike<number>, n: number, d: number, q: ArrayLike<number>): boolean {
  const whole = wholeNumbers([...Array.from(x), ...Array.from(q)]);
  const query = whole.slice(n * d);
  // Rows: Σ λ (x − q) = 0 for each coordinate, Σ λ = 1. Columns: λ, artificial variables, right side.
  const rows = d + 1;
  const width = n + rows + 1;
  const table: bigint[][] = [];
  for (let r = 0; r < rows; r++) {
    const row = new Array<bigint>(width).fill(0n);
    for (let i = 0; i < n; i++) row[i] = r === d ? 1n : whole[i * d + r]! - query[r]!;
    row[n + r] = 1n;
    row[width - 1] = r === d ? 1n : 0n;
    table.push(row);
  }
  const basis = Array.from({ length: rows }, (_, r) => n + r);
  // Reduced costs of the sum of the artificial variables; its last entry is minus that sum.
  const cost = new Array<bigint>(width).fill(0n);
  for (const row of table) {
    for (let c = 0; c < width; c++) if (c < n || c === width - 1) cost[c] = cost[c]! - row[c]!;
  }
  table.push(cost);
  let scale = 1n;
  for (;;) {
    const costs = table[rows]!;
    if (costs[width - 1] === 0n) return true;
    const enter = costs.findIndex((value, c) => c < n && value < 0n);
    if (enter < 0) return false;
    let leave = -1;
    for (let r = 0; r < rows; r++) {
      const pivot = table[r]![enter]!;
      if (pivot <= 0n) continue;
      if (leave < 0) {
        leave = r;
        continue;
      }
      const ratio = table[r]![width - 1]! * table[leave]![enter]! - table[leave]![width - 1]! * pivot;
      if (ratio < 0n || (ratio === 0n && basis[r]! < basis[leave]!)) leave = r;
    }
    if (leave < 0) throw new Error("the sum of artificial variables is unbounded");
    const pivotRow = table[leave]!;
    const pivot = pivotRow[enter]!;
    for (let r = 0; r <= rows; r++) {
      if (r === leave) continue;
      const row = table[r]!;
      const factor = row[enter]!;
      for (let c = 0; c < width; c++) row[c] = (row[c]! * pivot - factor * pivotRow[c]!) / scale;
    }
    scale = pivot;
    basis[leave] = enter;
  }
}

const view = new DataView(new ArrayBuffer(8));

/** Doubles times a common power of two, as whole numbers. */
function wholeNumbers(values: readonly number[]): bigint[] {
  const parts = values.map((value) => {
    view.setFloat64(0, value);
    const bits = view.getBigUint64(0);
    const exponent = Number((bits >> 52n) & 0x7ffn);
    const fraction = bits & 0xfffffffffffffn;
    const mantissa = exponent === 0 ? fraction : fraction | 0x10000000000000n;
    return { mantissa: bits >> 63n ? -mantissa : mantissa, exponent: Math.max(exponent, 1) };
  });
  const least = Math.min(
    ...parts.filter(({ mantissa }) => mantissa !== 0n).map(({ exponent }) => exponent),
    2046,
  );
  return parts.map(({ mantissa, exponent }) =>
    mantissa === 0n ? 0n : mantissa << BigInt(Math.max(0, exponent - least)),
  );
}
