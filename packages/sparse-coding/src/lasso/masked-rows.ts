import type * as tf from "@tensorflow/tfjs-core";
import { type RowOutcome, type RowProblem, rowSolver } from "./coordinate-descent.js";

/** Codes row `n` from its correlations and squared norm; `codes` is the start and the result. */
export type SolveRow = (target: Float64Array, scale: number, codes: Float32Array, n: number) => RowOutcome;

/** Solves rows that see some of the values only, as a mask says: each has a Gram matrix of its own. */
export async function maskedSolver(
  dictionary: tf.Tensor2D,
  mask: tf.Tensor2D,
  l2: number,
  p: Omit<RowProblem, "gram">,
): Promise<SolveRow> {
  const [atoms, known] = await Promise.all([dictionary.data(), mask.data()]);
  const [dataDim, l] = dictionary.shape;
  return (target, scale, codes, n) => {
    const gram = new Float64Array(l * l);
    for (let k = 0; k < dataDim; k++) {
      const weight = known[n * dataDim + k]!;
      if (weight === 0) continue;
      for (let i = 0; i < l; i++) {
        const a = weight * weight * atoms[k * l + i]!;
        for (let j = 0; j < l; j++) gram[i * l + j]! += a * atoms[k * l + j]!;
      }
    }
    addRidge(gram, l, l2);
    return rowSolver({ ...p, gram }).solve(target, scale, codes);
  };
}

/** Adds a ridge to a matrix `[size, size]`. */
export function addRidge(gram: Float32Array | Float64Array, size: number, l2: number): void {
  for (let j = 0; j < size; j++) gram[j * size + j]! += l2;
}
