import * as tf from "@tensorflow/tfjs-core";
import { checkAborted, checkBoolean, checkInteger, checkNumber } from "../check/index.js";
import { NumericalError } from "../errors/index.js";
import type { Progress } from "../progress/index.js";
import type { Generator } from "../random/index.js";
import { decomposeSymmetric } from "./host/eigh-host.js";
import { combineRows, innerProducts, lengthOf, orthonormalRows } from "./host/orthonormal-rows.js";
import { signOf } from "./host/sign-convention.js";
import { applyToRows, checkGenerator, checkSquareOperator, type LinearOperator } from "./linear-operator.js";

/** Options of {@link lobpcg} and {@link lanczos}. */
export interface IterativeEigenOptions {
  /** Number of eigenpairs. */
  k: number;
  /**
   * Whether the largest eigenvalues are wanted; else the smallest.
   * @defaultValue true
   */
  largest?: boolean;
  /**
   * Residual $\|A v - \lambda v\|$ relative to the largest magnitude of an eigenvalue seen at which a pair counts as
   * found. Products in float32 do not go much below 1e-6.
   * @defaultValue 1e-5
   */
  tolerance?: number;
  /**
   * Iterations after which the search fails.
   * @defaultValue 300
   */
  maxIterations?: number;
  /** Source of the random start. */
  generator: Generator;
  /** Stops the search. */
  signal?: AbortSignal;
  /** Told after every iteration. */
  onProgress?: (progress: Progress) => void;
}

/** Eigenpairs found by {@link lobpcg} or {@link lanczos}. */
export interface IterativeEigenResult {
  /** Eigenvalues, `[k]`, descending when the largest were asked for, else ascending. */
  values: tf.Tensor1D;
  /** Eigenvectors in the columns, `[n,k]`, the component of largest magnitude positive. */
  vectors: tf.Tensor2D;
  /** Iterations used. */
  iterations: number;
  /** Largest relative residual reached. */
  residual: number;
}

/**
 * Eigenpairs at one end of the spectrum of a symmetric operator, by a block search.
 *
 * Each iteration takes the best combinations of the current vectors, their residuals and the last directions
 * (Rayleigh–Ritz in $\mathrm{span}[X, R, P]$).
 *
 * @param op - Symmetric operator of order n; only `times` is called, with up to 2k columns at a time.
 * @param options - See {@link IterativeEigenOptions}.
 * @returns See {@link IterativeEigenResult}; tensors belong to the caller.
 * @throws {@link ArgumentError} for an operator that is not square or a `k` above n; {@link NumericalError} when `maxIterations` are
 *   not enough; the signal's reason when it is aborted.
 * @remarks Products run on the device in float32, the 3k × 3k problems and all orthogonalisation on the host in double
 *   precision. Copies of an eigenvalue are found together up to `k`. No preconditioner.
 * @see Knyazev (2001), Toward the optimal preconditioned eigensolver; Duersch et al. (2018), A robust and efficient
 *   implementation of LOBPCG.
 */
export async function lobpcg(
  op: LinearOperator,
  options: IterativeEigenOptions,
): Promise<IterativeEigenResult> {
  const search = checkSearch("lobpcg", op, options);
  const { n, k, generator } = search;
  let x = orthonormalRows(generator.normal64(k * n), n, []);
  let ax = await applyToRows(op.times, x, k, n);
  let directions: Float64Array<ArrayBufferLike> = new Float64Array(0);
  for (let iteration = 1; ; iteration++) {
    checkAborted(options.signal);
    const start = ritz(x, ax, n, k, search.largest);
    [x, ax] = [start.x, start.ax];
    const { residuals, worst } = residualsOf(x, ax, start.values, n, search);
    options.onProgress?.({ done: iteration, total: search.maxIterations, metrics: { residual: worst } });
    if (worst <= search.tolerance) {
      return resultOf(start.values, x, n, iteration, worst);
    }
    checkIterations("lobpcg", iteration, worst, search);
    const r = orthonormalRows(residuals, n, [x]);
    const p = orthonormalRows(directions.slice(), n, [x, r]);
    const added = new Float64Array(r.length + p.length);
    added.set(r);
    added.set(p, r.length);
    if (added.length === 0) return resultOf(start.values, x, n, iteration, worst);
    const aAdded = await applyToRows(op.times, added, added.length / n, n);
    const basis = joined(x, added);
    const best = ritz(basis, joined(ax, aAdded), n, k, search.largest);
    // The part of the step outside the old vectors is the next direction.
    directions = combineRows(basis, n, best.weights, basis.length / n, best.columns, k);
    [x, ax] = [best.x, best.ax];
    // Rounding drifts; a fresh orthonormal basis and product now and then keep the residuals true.
    if (iteration % 20 === 0) {
      x = orthonormalRows(x, n, []);
      ax = await applyToRows(op.times, x, k, n);
    }
  }
}

/** Checked options of a search. */
export interface Search {
  n: number;
  k: number;
  largest: boolean;
  tolerance: number;
  maxIterations: number;
  generator: Generator;
}

/** Checks the options of {@link lobpcg} and {@link lanczos}. */
export function checkSearch(caller: string, op: LinearOperator, options: IterativeEigenOptions): Search {
  const n = checkSquareOperator(caller, op);
  return {
    n,
    k: checkInteger(caller, "k", options.k, { min: 1, max: n }),
    largest: checkBoolean(caller, "largest", options.largest ?? true),
    tolerance: checkNumber(caller, "tolerance", options.tolerance ?? 1e-5, { above: 0 }),
    maxIterations: checkInteger(caller, "maxIterations", options.maxIterations ?? 300, { min: 1 }),
    generator: checkGenerator(caller, options.generator),
  };
}

/** Fails when the last allowed iteration is over. */
export function checkIterations(caller: string, iteration: number, residual: number, search: Search): void {
  if (iteration < search.maxIterations) return;
  throw new NumericalError(
    `${caller}: the relative residual is ${residual} after ${iteration} iterations; at most ${search.tolerance} was expected; raise maxIterations or tolerance`,
    { iteration, residual },
  );
}

interface Ritz {
  x: Float64Array;
  ax: Float64Array;
  values: Float64Array;
  weights: Float64Array;
  columns: number[];
}

/** Best k combinations of an orthonormal basis. */
function ritz(basis: Float64Array, product: Float64Array, n: number, k: number, largest: boolean): Ritz {
  const size = basis.length / n;
  const projected = innerProducts(basis, product, n);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++)
      projected[i * size + j] = (projected[i * size + j]! + projected[j * size + i]!) / 2;
  }
  const { values, vectors } = decomposeSymmetric("lobpcg", projected, size, true);
  const columns = Array.from({ length: k }, (_, i) => (largest ? size - 1 - i : i));
  return {
    x: combineRows(basis, n, vectors, size, columns),
    ax: combineRows(product, n, vectors, size, columns),
    values: Float64Array.from(columns, (column) => values[column]!),
    weights: vectors,
    columns,
  };
}

function residualsOf(
  x: Float64Array,
  ax: Float64Array,
  values: Float64Array,
  n: number,
  search: Search,
): { residuals: Float64Array; worst: number } {
  const scale = Math.max(...values.map(Math.abs), ...lengths(ax, n)) || 1;
  const residuals = ax.map((value, at) => value - values[Math.floor(at / n)]! * x[at]!);
  const sizes = lengths(residuals, n);
  const active = sizes.filter((size) => size > search.tolerance * scale);
  // Found pairs need no new directions, but keep at least one row so that the block never empties by mistake.
  return {
    residuals:
      active.length === 0 ? residuals : joined(...rowsWhere(residuals, n, sizes, search.tolerance * scale)),
    worst: Math.max(...sizes) / scale,
  };
}

function rowsWhere(rows: Float64Array, n: number, sizes: readonly number[], above: number): Float64Array[] {
  return sizes.flatMap((size, i) => (size > above ? [rows.subarray(i * n, (i + 1) * n)] : []));
}

function lengths(rows: Float64Array, n: number): number[] {
  return Array.from({ length: rows.length / n }, (_, i) => lengthOf(rows.subarray(i * n, (i + 1) * n)));
}

function joined(...parts: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Tensors of eigenpairs whose vectors are rows. */
export function resultOf(
  values: Float64Array,
  rows: Float64Array,
  n: number,
  iterations: number,
  residual: number,
): IterativeEigenResult {
  const k = values.length;
  const vectors = new Float32Array(n * k);
  for (let c = 0; c < k; c++) {
    const row = rows.subarray(c * n, (c + 1) * n);
    const sign = signOf(row);
    for (let i = 0; i < n; i++) vectors[i * k + c] = sign * row[i]!;
  }
  return {
    values: tf.tensor1d(Float32Array.from(values)),
    vectors: tf.tensor2d(vectors, [n, k]),
    iterations,
    residual,
  };
}
