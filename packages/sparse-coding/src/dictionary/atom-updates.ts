import * as tf from "@tensorflow/tfjs-core";

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

/** Atoms whose products with all others are made at once, by the backend. */
const BLOCK = 64;

/** $A_{J\cdot} D$ for the atoms from `first` on: the backend multiplies many times faster than a loop. */
async function blockProduct(
  { values, count, dim }: HostAtoms,
  a: Float64Array,
  first: number,
  size: number,
): Promise<ArrayLike<number>> {
  const product = tf.tidy(() => {
    const rows = Float32Array.from(a.subarray(first * count, (first + size) * count));
    const left = tf.tensor2d(rows, [size, count]);
    return tf.matMul(left, tf.tensor2d(Float32Array.from(values), [count, dim]));
  });
  const result = await product.data();
  product.dispose();
  return result;
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
export async function descendAtoms(
  atoms: HostAtoms,
  a: Float64Array,
  b: Float64Array,
  rule: AtomRule,
): Promise<number[]> {
  const { values, count, dim } = atoms;
  const unused: number[] = [];
  for (let first = 0; first < count; first += BLOCK) {
    const size = Math.min(BLOCK, count - first);
    const product = Float64Array.from(await blockProduct(atoms, a, first, size));
    for (let j = first; j < first + size; j++) {
      const weight = a[j * count + j]!;
      if (weight < 1e-6) {
        unused.push(j);
        continue;
      }
      const [atom, from] = [j * dim, (j - first) * dim];
      const next = new Float64Array(dim);
      for (let k = 0; k < dim; k++)
        next[k] = values[atom + k]! + (b[atom + k]! - product[from + k]!) / weight;
      if (!normalise(next, rule)) {
        unused.push(j);
        continue;
      }
      // What this atom's change does to the products of those that follow in the block.
      const change = next.map((value, k) => value - values[atom + k]!);
      for (let i = j + 1; i < first + size; i++) {
        const share = a[i * count + j]!;
        if (share === 0) continue;
        const to = (i - first) * dim;
        for (let k = 0; k < dim; k++) product[to + k]! += share * change[k]!;
      }
      values.set(next, atom);
    }
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
