import { checkMatrixHost } from "./check-host.js";
import { implicitQl } from "./implicit-ql.js";
import { reflectRowsInTurn, steps } from "./reflectors.js";
import { powerOfTwoScale } from "./scale.js";
import { ascendingOrder, signOf } from "./sign-convention.js";
import { tridiagonalize } from "./tridiagonalize.js";

/** Result of {@link eighHost}. */
export interface EighHostResult {
  /** The `n` eigenvalues, ascending. */
  values: Float64Array;
  /** Row-major `n × n`; column j is the eigenvector of value j. Empty when vectors were not asked for. */
  vectors: Float64Array;
}

/** Options of {@link eighHost}. */
export interface EighHostOptions {
  /**
   * Whether to compute eigenvectors.
   * @defaultValue true
   */
  vectors?: boolean;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix, in double precision.
 *
 * $A = V \operatorname{diag}(\lambda) V^T$
 *
 * @param a - Row-major `n × n` values; only the lower triangle is read.
 * @param n - Order.
 * @param options - See {@link EighHostOptions}.
 * @returns See {@link EighHostResult}; in every eigenvector the component of largest magnitude is positive (the first
 *   of those that agree to 1e-6).
 * @throws {@link ShapeError}, {@link ArgumentError} for sizes and non-finite values; {@link NumericalError} when the
 *   iteration does not converge.
 * @remarks Householder reduction, then implicit QL. Backward stable: values are accurate to about
 *   $n\,\epsilon\,\|A\|$, so eigenvalues far below the largest have no relative accuracy.
 * @see Golub, Van Loan (2013), Matrix computations, section 8.3.
 * @example
 * ```ts
 * import { eighHost } from "@lab/core/linalg";
 *
 * const { values } = eighHost(Float64Array.of(2, 1, 1, 2), 2);
 * Array.from(values, (value) => value.toFixed(9)); // => ["1.000000000", "3.000000000"]
 * ```
 */
export function eighHost(a: Float64Array, n: number, options: EighHostOptions = {}): EighHostResult {
  checkMatrixHost("eighHost", "a", a, n, n);
  return decomposeSymmetric("eighHost", a, n, options.vectors ?? true);
}

/** The decomposition; checks nothing. */
export function decomposeSymmetric(
  caller: string,
  a: ArrayLike<number>,
  n: number,
  withVectors: boolean,
): EighHostResult {
  const work = Float64Array.from(a);
  const scale = powerOfTwoScale(work);
  for (let i = 0; i < work.length; i++) work[i] = work[i]! * scale;
  const { diagonal, offDiagonal, reflectors } = tridiagonalize(work, n);
  if (!withVectors) {
    implicitQl(caller, diagonal, offDiagonal);
    return { values: diagonal.sort().map((value) => value / scale), vectors: new Float64Array(0) };
  }
  const rows = new Float64Array(n * n);
  for (let i = 0; i < n; i++) rows[i * n + i] = 1;
  // Row j of Qᵀ is Q e_j; reflector k leaves e_j alone where k ≤ j.
  reflectRowsInTurn(rows, n, n, reflectors, (last) => steps(Math.max(1, last - 3), n - 1, 1));
  implicitQl(caller, diagonal, offDiagonal, rows, n);
  const order = ascendingOrder(diagonal);
  const values = new Float64Array(n);
  const vectors = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    const from = order[j]!;
    values[j] = diagonal[from]! / scale;
    const row = rows.subarray(from * n, (from + 1) * n);
    const sign = signOf(row);
    for (let i = 0; i < n; i++) vectors[i * n + j] = sign * row[i]!;
  }
  return { values, vectors };
}
