/**
 * Orthonormalises rows against a basis and among themselves, by Gram–Schmidt done twice.
 *
 * @param rows - `count` rows of `width` numbers; overwritten.
 * @param basis - Orthonormal rows to be orthogonal to.
 * @returns The rows that are left, as a view; those that depend on earlier ones, to `tolerance` of their length, are dropped.
 */
export function orthonormalRows(
  rows: Float64Array,
  width: number,
  basis: readonly Float64Array[],
  tolerance = 1e-6,
): Float64Array {
  let kept = 0;
  const count = rows.length / width;
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(kept * width, (kept + 1) * width);
    if (kept !== i) row.set(rows.subarray(i * width, (i + 1) * width));
    const before = lengthOf(row);
    if (before === 0) continue;
    for (let pass = 0; pass < 2; pass++) {
      for (const block of basis) removeRows(row, block, block.length / width);
      removeRows(row, rows, kept);
    }
    const after = lengthOf(row);
    if (!(after > tolerance * before)) continue;
    for (let j = 0; j < width; j++) row[j] = row[j]! / after;
    kept++;
  }
  return rows.subarray(0, kept * width);
}

function removeRows(row: Float64Array, basis: Float64Array, count: number): void {
  const width = row.length;
  for (let k = 0; k < count; k++) {
    const at = k * width;
    let dot = 0;
    for (let j = 0; j < width; j++) dot += row[j]! * basis[at + j]!;
    for (let j = 0; j < width; j++) row[j] = row[j]! - dot * basis[at + j]!;
  }
}

/** Euclidean length. */
export function lengthOf(row: Float64Array): number {
  let sum = 0;
  for (const x of row) sum += x * x;
  return Math.sqrt(sum);
}

/** Inner products of rows: `a.count × b.count`. */
export function innerProducts(a: Float64Array, b: Float64Array, width: number): Float64Array {
  const [p, q] = [a.length / width, b.length / width];
  const out = new Float64Array(p * q);
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < q; j++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += a[i * width + k]! * b[j * width + k]!;
      out[i * q + j] = sum;
    }
  }
  return out;
}

/** Rows `from … to − 1` of `basis` combined: row c is Σ_i weights[i, column c] · basis_i. */
export function combineRows(
  basis: Float64Array,
  width: number,
  weights: Float64Array,
  numColumns: number,
  columns: readonly number[],
  from = 0,
): Float64Array {
  const count = basis.length / width;
  const out = new Float64Array(columns.length * width);
  columns.forEach((column, c) => {
    for (let i = from; i < count; i++) {
      const weight = weights[i * numColumns + column]!;
      for (let j = 0; j < width; j++)
        out[c * width + j] = out[c * width + j]! + weight * basis[i * width + j]!;
    }
  });
  return out;
}
