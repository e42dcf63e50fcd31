/** A batch and a dictionary in double precision, row by row. */
export interface HostProblem {
  /** Batch, `[rows, dataDim]`. */
  y: Float64Array;
  /** Atoms as columns, `[dataDim, codeDim]`. */
  dictionary: Float64Array;
  /** Rows N of the batch. */
  rows: number;
  /** Components d of a sample. */
  dataDim: number;
  /** Components l of a code. */
  codeDim: number;
  /** Prediction of an encoder, `[rows, codeDim]`. */
  predicted?: Float64Array;
}

/** Gram matrix $c\,D^\top D$ `[l,l]` and $c\,Y D$ `[N,l]` in double precision. */
export function gramHost(p: HostProblem, factor: number): { gram: Float64Array; target: Float64Array } {
  const { y, dictionary, rows, dataDim: d, codeDim: l } = p;
  const gram = new Float64Array(l * l);
  const target = new Float64Array(rows * l);
  for (let k = 0; k < d; k++) {
    for (let i = 0; i < l; i++) {
      const a = factor * dictionary[k * l + i]!;
      for (let j = 0; j < l; j++) gram[i * l + j]! += a * dictionary[k * l + j]!;
    }
    for (let n = 0; n < rows; n++) {
      const a = factor * y[n * d + k]!;
      for (let j = 0; j < l; j++) target[n * l + j]! += a * dictionary[k * l + j]!;
    }
  }
  return { gram, target };
}
