import { ArgumentError, checkInteger, ShapeError } from "@lab/core";
import { eighHost } from "@lab/core/linalg";
import { Generator } from "@lab/core/random";
import type { RunOptions } from "../rules/rule.js";
import type { CovarianceTerm, FactorRows } from "./host-covariance.js";
import { breather, type HostMoments } from "./host-moments.js";
import { type HostEigenpairs, krylovEigenpairs, orthogonal, signed } from "./krylov.js";

/** Largest size of a dense covariance. */
export const DENSE_LIMIT = 4096;
/** Above this order a small eigenproblem is left to an iteration. */
export const SMALL_PROBLEM = 600;
/** Below this size a norm is taken column by column. */
const SMALL_SIZE = 1024;
const EIGEN_TOLERANCE = 1e-6;

/** Covariance of a transformed image on the host, in float64; never formed. */
export class CovarianceHost {
  /** Number of values of the image D. */
  readonly size: number;
  private readonly terms: readonly CovarianceTerm[];
  private known: Float64Array | undefined;

  /** @internal */
  constructor(moments: HostMoments) {
    this.size = moments.mean.length;
    this.terms = moments.terms;
    this.known = moments.diagonal;
  }

  /** The rows of the factor, where the covariance is one factor and a multiple of the identity. */
  get factor(): FactorRows | undefined {
    const others = this.terms.filter((term) => term.isotropic === undefined);
    if (others.length === 0) return { count: 0, row: () => {} };
    return others.length === 1 ? others[0]!.rows : undefined;
  }

  /** The multiple of the identity beside everything else. */
  get isotropic(): number {
    return this.terms.reduce((sum, term) => sum + (term.isotropic ?? 0), 0);
  }

  /**
   * `Σ v`.
   *
   * @param v - As many numbers as the image has.
   * @throws {@link ShapeError} when it has another length.
   */
  apply(v: ArrayLike<number>): Float64Array {
    if (v.length !== this.size) {
      throw new ShapeError(`covariance.apply: v has ${v.length} values; ${this.size} were expected`, {
        argument: "v",
        shape: [v.length],
      });
    }
    const out = new Float64Array(this.size);
    const own = new Float64Array(v);
    for (const term of this.terms) term.apply(own, out);
    return out;
  }

  /** Variances of all values. */
  diagonal(): Float64Array {
    if (this.known) return this.known.slice();
    const out = new Float64Array(this.size);
    for (const term of this.terms) term.diagonal(out);
    // Differences of equal numbers may fall below 0 by rounding.
    this.known = out.map((value) => Math.max(0, value));
    return this.known.slice();
  }

  /** Sum of the variances: the expected squared distance from the mean. */
  trace(): number {
    return this.diagonal().reduce((sum, value) => sum + value, 0);
  }

  /** `vᵀ Σ v`. */
  quadraticForm(v: ArrayLike<number>): number {
    return this.apply(v).reduce((sum, value, i) => sum + value * v[i]!, 0);
  }

  /** One draw from N(0, Σ). */
  sample(generator: Generator): Float64Array {
    const out = new Float64Array(this.size);
    for (const term of this.terms) term.sample(generator, out);
    return out;
  }

  /**
   * The matrix, row by row.
   *
   * @throws {@link ArgumentError} beyond 4096 rows.
   */
  dense(): Float64Array {
    checkDense(this.size);
    const { size } = this;
    const out = new Float64Array(size * size);
    const { factor, isotropic } = this;
    if (factor) {
      const row = new Float64Array(size);
      for (let q = 0; q < factor.count; q++) {
        factor.row(q, row);
        for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) out[i * size + j]! += row[i]! * row[j]!;
      }
      for (let i = 0; i < size; i++) out[i * size + i]! += isotropic;
      return out;
    }
    const unit = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      unit[i] = 1;
      out.set(this.apply(unit), i * size);
      unit[i] = 0;
    }
    return out;
  }

  /**
   * Frobenius norm `‖Σ‖`.
   *
   * @remarks Exact for a factor with few rows and for up to 1024 values. Else the leading 16 eigenvalues and 64 random probes of
   *   the rest, with a relative error of some percent of the rest's share.
   */
  async frobeniusNorm(options: RunOptions = {}): Promise<number> {
    const { factor, size, isotropic } = this;
    const pause = breather(options.signal);
    if (factor && factor.count ** 2 * size <= 2e10 && factor.count <= DENSE_LIMIT) {
      const gram = gramOf(factor, size);
      let [squares, trace] = [0, 0];
      for (let i = 0; i < gram.length; i++) squares += gram[i]! ** 2;
      for (let q = 0; q < factor.count; q++) trace += gram[q * factor.count + q]!;
      return Math.sqrt(squares + 2 * isotropic * trace + isotropic ** 2 * size);
    }
    if (size <= SMALL_SIZE) {
      let sum = 0;
      const unit = new Float64Array(size);
      for (let i = 0; i < size; i++) {
        await pause();
        unit[i] = 1;
        for (const value of this.apply(unit)) sum += value * value;
        unit[i] = 0;
      }
      return Math.sqrt(sum);
    }
    const k = 16;
    const { values, vectors } = await this.topEigenpairs(k, options);
    const generator = new Generator(1);
    const probes = 64;
    let rest = 0;
    for (let p = 0; p < probes; p++) {
      await pause();
      const v = generator.normal64(size);
      for (let i = 0; i < k; i++) removeAlong(v, vectors.subarray(i * size, (i + 1) * size));
      const product = this.apply(v);
      for (let i = 0; i < k; i++) removeAlong(product, vectors.subarray(i * size, (i + 1) * size));
      for (const value of product) rest += (value * value) / probes;
    }
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, rest));
  }

  /**
   * Largest eigenvalues with their unit eigenvectors: the directions in which the augmentation moves the image.
   *
   * @param k - Number of pairs, at most the number of values.
   * @param options - Signal and progress.
   * @throws {@link ArgumentError} when `k` is out of range; {@link NumericalError} when an iteration does not end.
   */
  async topEigenpairs(k: number, options: RunOptions = {}): Promise<HostEigenpairs> {
    checkInteger("covariance.topEigenpairs", "k", k, { min: 1, max: this.size });
    const { factor, size } = this;
    if (factor && factor.count <= Math.min(SMALL_PROBLEM, size)) {
      const found = gramPairs(gramOf(factor, size), factor.count, k, 1e-13);
      const weights = gramWeights(found);
      const rows = new Float64Array(found.rank * size);
      const row = new Float64Array(size);
      for (let q = 0; q < factor.count; q++) {
        factor.row(q, row);
        for (let i = 0; i < found.rank; i++) {
          const w = weights[i * factor.count + q]!;
          for (let x = 0; x < size; x++) rows[i * size + x]! += w * row[x]!;
        }
      }
      const pairs = completedPairs(found, rows, size, k, this.isotropic);
      return this.withResiduals(pairs.values, pairs.vectors);
    }
    if (size <= SMALL_PROBLEM) {
      const { values, vectors } = eighHost(this.dense(), size);
      const top = new Float64Array(k * size);
      for (let i = 0; i < k; i++) {
        const column = Float64Array.from({ length: size }, (_, x) => vectors[x * size + size - 1 - i]!);
        top.set(signed(column), i * size);
      }
      return this.withResiduals(
        Float64Array.from({ length: k }, (_, i) => values[size - 1 - i]!),
        top,
      );
    }
    const pause = breather(options.signal);
    return krylovEigenpairs(
      async (v) => {
        await pause();
        return this.apply(v);
      },
      {
        k,
        size,
        generator: new Generator(0),
        tolerance: EIGEN_TOLERANCE,
        signal: options.signal,
        onProgress: options.onProgress,
      },
    );
  }

  private withResiduals(values: Float64Array, vectors: Float64Array): HostEigenpairs {
    const residuals = values.map((value, i) => {
      const v = vectors.subarray(i * this.size, (i + 1) * this.size);
      return Math.sqrt(this.apply(v).reduce((sum, a, x) => sum + (a - value * v[x]!) ** 2, 0));
    });
    return { values, vectors, residuals };
  }
}

function removeAlong(v: Float64Array, unit: Float64Array): void {
  let along = 0;
  for (let i = 0; i < v.length; i++) along += v[i]! * unit[i]!;
  for (let i = 0; i < v.length; i++) v[i]! -= along * unit[i]!;
}

/** Refuses a dense matrix that is too large. */
export function checkDense(size: number): void {
  if (size <= DENSE_LIMIT) return;
  throw new ArgumentError(
    `covariance.dense: the operator has ${size} rows; dense() stops at ${DENSE_LIMIT}, use apply or topEigenpairs`,
    { argument: "size", value: size },
  );
}

/** `A Aᵀ`, row by row. */
export function gramOf(rows: FactorRows, size: number): Float64Array {
  const { count } = rows;
  const all = new Float64Array(count * size);
  for (let q = 0; q < count; q++) rows.row(q, all.subarray(q * size, (q + 1) * size));
  const gram = new Float64Array(count * count);
  for (let p = 0; p < count; p++) {
    for (let q = 0; q <= p; q++) {
      let sum = 0;
      for (let i = 0, a = p * size, b = q * size; i < size; i++) sum += all[a + i]! * all[b + i]!;
      gram[p * count + q] = sum;
      gram[q * count + p] = sum;
    }
  }
  return gram;
}

/** Eigenpairs of a Gram matrix; only the leading `rank` of them count as more than rounding. */
export interface GramPairs {
  /** Ascending eigenvalues. */
  values: Float64Array;
  /** Eigenvectors in columns. */
  vectors: Float64Array;
  /** How many are trusted. */
  rank: number;
}

/** Eigenpairs of a Gram matrix of order `count`, those below `floor` of the largest not trusted. */
export function gramPairs(gram: Float64Array, count: number, k: number, floor: number): GramPairs {
  if (count === 0) return { values: new Float64Array(0), vectors: new Float64Array(0), rank: 0 };
  const { values, vectors } = eighHost(gram, count);
  const least = floor * Math.max(0, values[count - 1]!);
  let rank = 0;
  while (rank < Math.min(k, count) && values[count - 1 - rank]! > least) rank++;
  return { values, vectors, rank };
}

/** Combinations `u/√λ` of a factor's rows that give the leading eigenvectors, `[rank, count]` row by row. */
export function gramWeights({ values, vectors, rank }: GramPairs): Float64Array {
  const count = values.length;
  return Float64Array.from({ length: rank * count }, (_, at) => {
    const column = count - 1 - Math.floor(at / count);
    return vectors[(at % count) * count + column]! / Math.sqrt(values[column]!);
  });
}

/**
 * Leading pairs of `AᵀA + σ²I`: values are those of `AAᵀ`, vectors `Aᵀu/√λ` as the caller made them.
 *
 * Beyond the rank any orthogonal direction serves; its value is `σ²`.
 */
export function completedPairs(
  { values, rank }: GramPairs,
  vectors: Float64Array,
  size: number,
  k: number,
  isotropic: number,
): { values: Float64Array; vectors: Float64Array } {
  const out = new Float64Array(k).fill(isotropic);
  const rows: Float64Array[] = [];
  for (let i = 0; i < rank; i++) {
    out[i]! += values[values.length - 1 - i]!;
    rows.push(signed(vectors.subarray(i * size, (i + 1) * size)));
  }
  const generator = new Generator(0);
  while (rows.length < k) rows.push(...orthogonal([generator.normal64(size)], rows));
  const all = new Float64Array(k * size);
  for (const [i, row] of rows.entries()) all.set(row, i * size);
  return { values: out, vectors: all };
}
