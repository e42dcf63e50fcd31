import { makeReflector, type Reflectors, reflectRows } from "./reflectors.js";

/** A matrix as $U B V^T$ with upper bidiagonal B. */
export interface Bidiagonal {
  /** Diagonal of B. */
  diagonal: Float64Array;
  /** `superDiagonal[k]` stands at row k, column k + 1; the last value is 0. */
  superDiagonal: Float64Array;
  /** $U = H_0 H_1 \cdots$; reflector k acts from coordinate k on. */
  left: Reflectors;
  /** $V = G_0 G_1 \cdots$; reflector k acts from coordinate k + 1 on. */
  right: Reflectors;
}

/**
 * Householder reduction of an `m × n` matrix, m ≥ n, to upper bidiagonal form.
 *
 * @param columns - The columns of the matrix as rows, `n × m`; destroyed.
 * @see Golub, Van Loan (2013), Matrix computations, algorithm 5.4.2.
 */
export function bidiagonalize(columns: Float64Array, m: number, n: number): Bidiagonal {
  const left: Reflectors = {
    vectors: new Float64Array(n * m),
    width: m,
    tau: new Float64Array(n),
    range: (k) => [k, m],
  };
  const right: Reflectors = {
    vectors: new Float64Array(n * n),
    width: n,
    tau: new Float64Array(n),
    range: (k) => [k + 1, n],
  };
  const diagonal = new Float64Array(n);
  const superDiagonal = new Float64Array(n);
  const product = new Float64Array(m);
  for (let k = 0; k < n; k++) {
    for (let i = k; i < m; i++) left.vectors[k * m + i] = columns[k * m + i]!;
    const column = makeReflector(left.vectors, k * m, k, m, k);
    left.tau[k] = column.tau;
    diagonal[k] = column.alpha;
    reflectRows(columns, m, k + 1, n, left, k);
    if (k + 1 >= n) continue;
    for (let j = k + 1; j < n; j++) right.vectors[k * n + j] = columns[j * m + k]!;
    const row = makeReflector(right.vectors, k * n, k + 1, n, k + 1);
    right.tau[k] = row.tau;
    superDiagonal[k] = row.alpha;
    if (row.tau !== 0) reflectAcross(columns, m, k + 1, n, right.vectors, k * n, row.tau, product);
  }
  return { diagonal, superDiagonal, left, right };
}

/** Applies a reflector that mixes the rows `first … n − 1` of `columns`, in their coordinates from `first` on. */
function reflectAcross(
  columns: Float64Array,
  m: number,
  first: number,
  n: number,
  vectors: Float64Array,
  at: number,
  tau: number,
  product: Float64Array,
): void {
  product.fill(0, first);
  let j = first;
  for (; j + 4 <= n; j += 4) {
    const [u0, u1, u2, u3] = [
      vectors[at + j]!,
      vectors[at + j + 1]!,
      vectors[at + j + 2]!,
      vectors[at + j + 3]!,
    ];
    const r0 = j * m;
    const r1 = r0 + m;
    const r2 = r1 + m;
    const r3 = r2 + m;
    for (let i = first; i < m; i++) {
      product[i] =
        product[i]! +
        (u0 * columns[r0 + i]! + u1 * columns[r1 + i]! + (u2 * columns[r2 + i]! + u3 * columns[r3 + i]!));
    }
  }
  for (; j < n; j++) {
    const u = vectors[at + j]!;
    for (let i = first; i < m; i++) product[i] = product[i]! + u * columns[j * m + i]!;
  }
  for (j = first; j < n; j++) {
    const factor = tau * vectors[at + j]!;
    const row = j * m;
    for (let i = first; i < m; i++) columns[row + i] = columns[row + i]! - factor * product[i]!;
  }
}
