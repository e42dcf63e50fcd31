import { checkAborted } from "../check/index.js";
import { decomposeSymmetric } from "./host/eigh-host.js";
import { combineRows, lengthOf, orthonormalRows } from "./host/orthonormal-rows.js";
import { applyToRows, type LinearOperator } from "./linear-operator.js";
import {
  checkIterations,
  checkSearch,
  type IterativeEigenOptions,
  type IterativeEigenResult,
  resultOf,
} from "./lobpcg.js";

/**
 * Eigenpairs at one end of the spectrum of a symmetric operator, by the Lanczos process.
 *
 * @param op - Symmetric operator of order n; only `times` is called, with one column at a time.
 * @param options - See {@link IterativeEigenOptions}.
 * @returns See {@link IterativeEigenResult}; tensors belong to the caller.
 * @throws As {@link lobpcg}.
 * @remarks Full reorthogonalisation on the host in double precision, so memory grows by n numbers an iteration. From one
 *   start vector, copies of a multiple eigenvalue appear late or not at all before the process ends at an invariant
 *   subspace; {@link lobpcg} with a block finds them.
 * @see Golub, Van Loan (2013), Matrix computations, section 10.1.
 */
export async function lanczos(
  op: LinearOperator,
  options: IterativeEigenOptions,
): Promise<IterativeEigenResult> {
  const search = checkSearch("lanczos", op, options);
  const { n, k } = search;
  const most = Math.min(n, search.maxIterations);
  const basis: Float64Array[] = [];
  const [diagonal, coupling]: [number[], number[]] = [[], []];
  let next = orthonormalRows(search.generator.normal64(n), n, []);
  for (let iteration = 1; ; iteration++) {
    checkAborted(options.signal);
    basis.push(next);
    const product = await applyToRows(op.times, next, 1, n);
    diagonal.push(product.reduce((sum, value, j) => sum + value * next[j]!, 0));
    for (const vector of basis) subtractProjection(product, vector);
    for (const vector of basis) subtractProjection(product, vector);
    const beta = lengthOf(product);
    const pairs = ritzPairs(diagonal, coupling);
    const scale = Math.max(...pairs.values.map(Math.abs)) || 1;
    const isInvariant = beta <= 1e-6 * scale;
    const wanted = Array.from({ length: Math.min(k, iteration) }, (_, i) =>
      search.largest ? iteration - 1 - i : i,
    );
    const worst =
      iteration < k
        ? Number.POSITIVE_INFINITY
        : Math.max(
            ...wanted.map((i) => (beta * Math.abs(pairs.vectors[(iteration - 1) * iteration + i]!)) / scale),
          );
    options.onProgress?.({ done: iteration, total: most, metrics: { residual: worst } });
    // At an invariant subspace other copies and values may be missing: go on from a new direction.
    if ((worst <= search.tolerance && !isInvariant) || iteration === n) {
      const all = new Float64Array(iteration * n);
      basis.forEach((vector, i) => {
        all.set(vector, i * n);
      });
      const rows = combineRows(all, n, pairs.vectors, iteration, wanted);
      const values = Float64Array.from(wanted, (i) => pairs.values[i]!);
      return resultOf(values, rows, n, iteration, worst);
    }
    checkIterations("lanczos", iteration, worst, search);
    coupling.push(isInvariant ? 0 : beta);
    next = isInvariant
      ? orthonormalRows(search.generator.normal64(n), n, basis)
      : product.map((value) => value / beta);
  }
}

function subtractProjection(target: Float64Array, vector: Float64Array): void {
  let dot = 0;
  for (let j = 0; j < target.length; j++) dot += target[j]! * vector[j]!;
  for (let j = 0; j < target.length; j++) target[j] = target[j]! - dot * vector[j]!;
}

function ritzPairs(diagonal: readonly number[], coupling: readonly number[]) {
  const m = diagonal.length;
  const t = new Float64Array(m * m);
  diagonal.forEach((value, i) => {
    t[i * m + i] = value;
    if (i > 0) t[i * m + i - 1] = coupling[i - 1]!;
  });
  return decomposeSymmetric("lanczos", t, m, true);
}
