/**
 * The assignment of rows to columns with the largest total weight.
 *
 * Shortest augmenting paths with potentials, O(rows² · columns).
 *
 * @param weights - `[rows, columns]` in row-major order, with rows ≤ columns.
 * @returns The column of each row.
 * @see Jonker, Volgenant (1987), A shortest augmenting path algorithm for dense and sparse linear assignment problems.
 */
export function bestAssignment(weights: Float64Array, rows: number, columns: number): Int32Array {
  // Index 0 of rows and columns stands for "none"; costs are negated weights.
  const rowPotential = new Float64Array(rows + 1);
  const columnPotential = new Float64Array(columns + 1);
  const rowOfColumn = new Int32Array(columns + 1);
  const previous = new Int32Array(columns + 1);
  for (let row = 1; row <= rows; row++) {
    rowOfColumn[0] = row;
    const distance = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const isUsed = new Uint8Array(columns + 1);
    let column = 0;
    do {
      isUsed[column] = 1;
      const from = rowOfColumn[column]!;
      let least = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let j = 1; j <= columns; j++) {
        if (isUsed[j]) continue;
        const reduced = -weights[(from - 1) * columns + j - 1]! - rowPotential[from]! - columnPotential[j]!;
        if (reduced < distance[j]!) {
          distance[j] = reduced;
          previous[j] = column;
        }
        if (distance[j]! < least) {
          least = distance[j]!;
          next = j;
        }
      }
      for (let j = 0; j <= columns; j++) {
        if (isUsed[j]) {
          rowPotential[rowOfColumn[j]!]! += least;
          columnPotential[j]! -= least;
        } else distance[j]! -= least;
      }
      column = next;
    } while (rowOfColumn[column] !== 0);
    while (column !== 0) {
      rowOfColumn[column] = rowOfColumn[previous[column]!]!;
      column = previous[column]!;
    }
  }
  const columnOfRow = new Int32Array(rows);
  for (let j = 1; j <= columns; j++) if (rowOfColumn[j]! > 0) columnOfRow[rowOfColumn[j]! - 1] = j - 1;
  return columnOfRow;
}
