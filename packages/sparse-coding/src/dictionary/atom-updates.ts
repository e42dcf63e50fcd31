import { rowSums } from "../lasso/row-sums.js";

/** Atoms `[l, d]`, one a row, in double precision. */
export interface HostAtoms {
  values: Float64Array;
  count: number;
  dim: number;
}

/** How atoms are constrained. */
export interface AtomRule {
  /** Whether atoms are non-negative. */
  positive: boolean;
}

/** Clips where asked and brings an atom to norm 1; answers whether it had a direction. */
export function normalise(atom: Float64Array, rule: AtomRule): boolean {
  let sum = 0;
  for (let k = 0; k < atom.length; k++) {
    if (rule.positive && atom[k]! < 0) atom[k] = 0;
    sum += atom[k]! * atom[k]!;
  }
  if (sum <= 1e-20) return false;
  const scale = 1 / Math.sqrt(sum);
  for (let k = 0; k < atom.length; k++) atom[k]! *= scale;
  return true;
}

/**
 * One pass of block coordinate descent over the atoms: $d_j \leftarrow d_j + (b_j - D a_j)/A_{jj}$, then norm 1.
 *
 * @param atoms - Changed in place.
 * @param a - $\sum Z^\top Z$, `[l, l]`.
 * @param b - $\sum Z^\top Y$, `[l, d]`.
 * @param rule - See {@link AtomRule}.
 * @returns Atoms that nothing uses.
 * @see Mairal, Bach, Ponce, Sapiro (2010), Online learning for matrix factorization and sparse coding, algorithm 2.
 */
export function descendAtoms(atoms: HostAtoms, a: Float64Array, b: Float64Array, rule: AtomRule): number[] {
  const { values, count, dim } = atoms;
  const sums = rowSums(new Float32Array(values), dim);
  const used = new Int32Array(count);
  const unused: number[] = [];
  for (let j = 0; j < count; j++) {
    const weights = a.subarray(j * count, (j + 1) * count);
    const own = weights[j]!;
    if (own < 1e-6) {
      unused.push(j);
      continue;
    }
    let n = 0;
    for (let i = 0; i < count; i++) if (weights[i] !== 0) used[n++] = i;
    const atom = values.subarray(j * dim, (j + 1) * dim);
    const next = sums.c;
    next.set(b.subarray(j * dim, (j + 1) * dim));
    sums.subtract(used, n, weights);
    for (let k = 0; k < dim; k++) next[k] = atom[k]! + next[k]! / own;
    if (normalise(next, rule)) {
      atom.set(next);
      sums.matrix.set(next, j * sums.stride);
    } else unused.push(j);
  }
  return unused;
}

// As in the authors' release of K-SVD: an atom that this few rows use, or that is this close to another, is replaced.
const RARE = 3;
const COPY = 0.99;

/**
 * One pass of approximate K-SVD: each atom and its coefficients in turn fit what the others leave.
 *
 * @param atoms - Changed in place.
 * @param y - Data, `[N, d]`.
 * @param codes - `[N, l]`, changed in place; their support stays.
 * @param rule - See {@link AtomRule}.
 * @returns Atoms that hardly anything uses or that copy an earlier one, and the rows that are fitted worst, worst first.
 * @see Aharon, Elad, Bruckstein (2006); Rubinstein, Zibulevsky, Elad (2008).
 */
export function ksvdAtoms(
  atoms: HostAtoms,
  y: ArrayLike<number>,
  codes: Float64Array,
  rule: AtomRule & { positiveCodes: boolean },
): { unused: number[]; worst: number[] } {
  const { values, count, dim } = atoms;
  const rows = codes.length / count;
  const residual = Float64Array.from(y);
  const users: number[][] = Array.from({ length: count }, () => []);
  for (let n = 0; n < rows; n++) {
    for (let j = 0; j < count; j++) {
      const z = codes[n * count + j]!;
      if (z === 0) continue;
      users[j]!.push(n);
      for (let k = 0; k < dim; k++) residual[n * dim + k]! -= z * values[j * dim + k]!;
    }
  }
  const unused: number[] = [];
  for (let j = 0; j < count; j++) {
    const own = users[j]!;
    const next = new Float64Array(dim);
    const atom = values.subarray(j * dim, (j + 1) * dim);
    for (const n of own) {
      const z = codes[n * count + j]!;
      for (let k = 0; k < dim; k++) {
        residual[n * dim + k]! += z * atom[k]!;
        next[k]! += z * residual[n * dim + k]!;
      }
    }
    if (own.length === 0 || !normalise(next, rule)) {
      unused.push(j);
      for (const n of own)
        for (let k = 0; k < dim; k++) residual[n * dim + k]! -= codes[n * count + j]! * atom[k]!;
      continue;
    }
    atom.set(next);
    for (const n of own) {
      let z = 0;
      for (let k = 0; k < dim; k++) z += residual[n * dim + k]! * next[k]!;
      if (rule.positiveCodes && z < 0) z = 0;
      codes[n * count + j] = z;
      for (let k = 0; k < dim; k++) residual[n * dim + k]! -= z * next[k]!;
    }
  }
  for (let j = 0; j < count; j++) {
    if (unused.includes(j)) continue;
    const isCopy = (i: number) => Math.abs(dot(values, i, j, dim)) > COPY && !unused.includes(i);
    if (users[j]!.length <= RARE || Array.from({ length: j }, (_, i) => i).some(isCopy)) unused.push(j);
  }
  const errors = Float64Array.from({ length: rows }, (_, n) => dot(residual, n, n, dim));
  return { unused, worst: Array.from(errors.keys()).sort((a, b) => errors[b]! - errors[a]!) };
}

/** Product of two rows. */
function dot(values: Float64Array, i: number, j: number, dim: number): number {
  let sum = 0;
  for (let k = 0; k < dim; k++) sum += values[i * dim + k]! * values[j * dim + k]!;
  return sum;
}
