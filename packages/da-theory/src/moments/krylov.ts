import { checkAborted, NumericalError, type Progress } from "@lab/core";
import { eighHost } from "@lab/core/linalg";
import type { Generator } from "@lab/core/random";

/** Eigenpairs with their residuals; vectors are rows. */
export interface HostEigenpairs {
  /** Eigenvalues, descending. */
  values: Float64Array;
  /** Unit eigenvectors, `[k, size]` row by row. */
  vectors: Float64Array;
  /** `‖Σ v - λ v‖` of each. */
  residuals: Float64Array;
}

/** What {@link krylovEigenpairs} needs to know. */
export interface KrylovOptions {
  k: number;
  size: number;
  generator: Generator;
  /** Residual relative to the largest eigenvalue at which a pair counts as found. */
  tolerance: number;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

const MAX_PRODUCTS = 4000;

/**
 * Largest eigenpairs of a symmetric operator known by its products.
 *
 * A basis grows by the residuals of the pairs that are not yet found (a block Krylov space) and is cut back to the best
 * combinations when it is full; everything stays orthogonal in double precision.
 */
export async function krylovEigenpairs(
  apply: (v: Float64Array) => Float64Array | Promise<Float64Array>,
  { k, size, generator, tolerance, signal, onProgress }: KrylovOptions,
): Promise<HostEigenpairs> {
  const full = Math.min(size, Math.max(3 * k + 16, 48));
  const blockSize = Math.min(k, 4, size);
  let basis: Float64Array[] = [];
  let images: Float64Array[] = [];
  let products = 0;
  const random = () => generator.normal64(size);
  let added = orthogonal(Array.from({ length: blockSize }, random), basis);
  for (;;) {
    for (const v of added) {
      checkAborted(signal);
      basis.push(v);
      images.push(await apply(v));
      products++;
    }
    const m = basis.length;
    const projected = new Float64Array(m * m);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j <= i; j++)
        projected[i * m + j] = projected[j * m + i] =
          (dot(basis[i]!, images[j]!) + dot(basis[j]!, images[i]!)) / 2;
    }
    const { values, vectors } = eighHost(projected, m);
    const wanted = Math.min(k, m);
    const combine = (rows: readonly Float64Array[], rank: number) => {
      const out = new Float64Array(size);
      for (let i = 0; i < m; i++) {
        const w = vectors[i * m + (m - 1 - rank)]!;
        const row = rows[i]!;
        for (let x = 0; x < size; x++) out[x]! += w * row[x]!;
      }
      return out;
    };
    const scale = Math.max(Math.abs(values[m - 1]!), Number.MIN_VALUE);
    const pairs = Array.from({ length: wanted }, (_, rank) => {
      const vector = combine(basis, rank);
      const image = combine(images, rank);
      const value = values[m - 1 - rank]!;
      const residual = image.map((a, x) => a - value * vector[x]!);
      return { value, vector, image, residual, norm: Math.sqrt(dot(residual, residual)) };
    });
    const open = pairs.filter(({ norm }) => norm > tolerance * scale);
    const worst = Math.max(...pairs.map(({ norm }) => norm)) / scale;
    onProgress?.({ done: wanted - open.length, total: k, metrics: { residual: worst, products } });
    if ((open.length === 0 && wanted === k) || m === size) {
      const out = new Float64Array(k * size);
      for (const [i, { vector }] of pairs.entries()) out.set(signed(vector), i * size);
      return {
        values: Float64Array.from(pairs, ({ value }) => value),
        vectors: out,
        residuals: Float64Array.from(pairs, ({ norm }) => norm),
      };
    }
    if (products > MAX_PRODUCTS) {
      throw new NumericalError(
        `topEigenpairs: the relative residual is ${worst} after ${products} products; at most ${tolerance} was expected; ask for fewer pairs`,
        { iteration: products, residual: worst },
      );
    }
    if (m + blockSize > full) {
      const keep = Math.min(m, Math.max(wanted, Math.floor(full / 2)));
      const kept = Array.from(
        { length: keep },
        (_, rank) => [combine(basis, rank), combine(images, rank)] as const,
      );
      basis = kept.map(([vector]) => vector);
      images = kept.map(([, image]) => image);
    }
    added = orthogonal(
      open.slice(0, blockSize).map(({ residual }) => residual),
      basis,
    );
    // An invariant subspace that is too small: go on in a new direction.
    if (added.length === 0) added = orthogonal([random()], basis);
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Unit vectors orthogonal to a basis and to each other; those that vanish are left out. */
export function orthogonal(
  candidates: readonly Float64Array[],
  basis: readonly Float64Array[],
): Float64Array[] {
  const out: Float64Array[] = [];
  for (const candidate of candidates) {
    const v = candidate.slice();
    const before = Math.sqrt(dot(v, v));
    for (let pass = 0; pass < 2; pass++) {
      for (const b of [...basis, ...out]) {
        const along = dot(v, b);
        for (let i = 0; i < v.length; i++) v[i]! -= along * b[i]!;
      }
    }
    const norm = Math.sqrt(dot(v, v));
    if (!(norm > 1e-10 * before)) continue;
    for (let i = 0; i < v.length; i++) v[i]! /= norm;
    out.push(v);
  }
  return out;
}

/** The vector with its component of largest magnitude positive. */
export function signed(v: Float64Array): Float64Array {
  let largest = 0;
  for (const value of v) if (Math.abs(value) > Math.abs(largest) * (1 + 1e-6)) largest = value;
  return largest < 0 ? v.map((value) => -value) : v;
}
