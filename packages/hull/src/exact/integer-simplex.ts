/** A vertex of the elastic problem of {@link integerSimplex}. */
export interface SimplexOutcome {
  /** Whether λ ≥ 0, Σλ = 1, Σλ a = 0 has a solution over the columns. */
  isFeasible: boolean;
  /** Basic columns with their weights λ = numerator / denominator, when feasible. */
  basis: { column: number; numerator: bigint }[];
  /** Common denominator of the weights, positive. */
  denominator: bigint;
  /** When infeasible: w·a + offset ≤ 0 for every column and offset > 0. */
  normal: bigint[];
  /** See {@link normal}. */
  offset: bigint;
}

/**
 * Decides exactly whether 0 is a convex combination of integer columns: phase 1 of the simplex method.
 *
 * The inverse of the basis is held as integers over its determinant, so every division is exact (Edmonds). Columns
 * are entered by the largest score; after degenerate steps by the smallest index (Bland), which cannot cycle.
 *
 * @param columns - `columns[i]` holds the d integers of x_i − q on a common scale.
 * @param d - Their length.
 */
export function integerSimplex(columns: readonly (readonly bigint[])[], d: number): SimplexOutcome {
  const m = d + 1;
  const adjugate: bigint[][] = Array.from({ length: m }, (_, r) =>
    Array.from({ length: m }, (_, c) => (r === c ? 1n : 0n)),
  );
  let determinant = 1n;
  // Right-hand side [0; 1]: the values of the basis are the last column of the adjugate.
  const basis = new Int32Array(m).fill(-1); // −1: artificial
  const isBasic = new Uint8Array(columns.length);
  let degenerate = 0;
  const multiply = (row: readonly bigint[], a: readonly bigint[]): bigint => {
    let sum = row[d]!;
    for (let j = 0; j < d; j++) {
      const x = a[j]!;
      if (x !== 0n) sum += row[j]! * x;
    }
    return sum;
  };
  for (;;) {
    const dual: bigint[] = new Array(m).fill(0n);
    let objective = 0n;
    for (let r = 0; r < m; r++) {
      if (basis[r] !== -1) continue;
      objective += adjugate[r]![d]!;
      for (let c = 0; c < m; c++) dual[c] = dual[c]! + adjugate[r]![c]!;
    }
    if (objective === 0n) {
      const used = [];
      for (let r = 0; r < m; r++) {
        const numerator = adjugate[r]![d]!;
        if (basis[r]! >= 0 && numerator > 0n) used.push({ column: basis[r]!, numerator });
      }
      return { isFeasible: true, basis: used, denominator: determinant, normal: [], offset: 0n };
    }
    const byIndex = degenerate > 2 * m;
    let entering = -1;
    let best = 0n;
    for (let i = 0; i < columns.length; i++) {
      if (isBasic[i]) continue;
      const score = multiply(dual, columns[i]!);
      if (score > best) {
        best = score;
        entering = i;
        if (byIndex) break;
      }
    }
    if (entering < 0) {
      return {
        isFeasible: false,
        basis: [],
        denominator: determinant,
        normal: dual.slice(0, d),
        offset: dual[d]!,
      };
    }
    const a = columns[entering]!;
    const u = adjugate.map((row) => multiply(row, a));
    let leaving = -1;
    for (let r = 0; r < m; r++) {
      if (u[r]! <= 0n) continue;
      if (leaving < 0) {
        leaving = r;
        continue;
      }
      const left = adjugate[r]![d]! * u[leaving]!;
      const right = adjugate[leaving]![d]! * u[r]!;
      if (left < right || (left === right && basis[r]! < basis[leaving]!)) leaving = r;
    }
    // The objective is bounded below by 0, so a leaving row exists.
    const pivot = u[leaving]!;
    const pivotRow = adjugate[leaving]!;
    degenerate = pivotRow[d] === 0n ? degenerate + 1 : 0;
    for (let r = 0; r < m; r++) {
      if (r === leaving) continue;
      const row = adjugate[r]!;
      const factor = u[r]!;
      for (let c = 0; c < m; c++) {
        const value = factor === 0n ? row[c]! * pivot : row[c]! * pivot - factor * pivotRow[c]!;
        row[c] = value / determinant;
      }
    }
    if (basis[leaving]! >= 0) isBasic[basis[leaving]!] = 0;
    basis[leaving] = entering;
    isBasic[entering] = 1;
    determinant = pivot;
  }
}
