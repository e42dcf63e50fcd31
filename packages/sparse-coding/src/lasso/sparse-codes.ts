import { NumericalError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/** Codes by rows with zeros left out. */
export interface CompressedRows {
  /** Values that are not zero. */
  data: Float32Array;
  /** Their columns. */
  indices: Int32Array;
  /** Where each row begins, and the end. */
  indptr: Int32Array;
}

/** Sparse codes of a batch. */
export interface SparseCodes {
  /** Shape `[N, l]`; freed by `dispose`. */
  codes: tf.Tensor2D;
  /**
   * Duality gap of each row for the lasso (with `alpha` 0, which has none, what single coordinates can still gain); the squared
   * residual of `"omp"`; not a number for `"threshold"`.
   */
  gap: Float64Array;
  /** Sweeps, iterations or atoms of each row. */
  iterations: Int32Array;
  /** Whether every row reached the tolerance; `"omp"` and `"threshold"` always do. */
  converged: boolean;
  /** Compressed sparse rows. */
  toCSR(): CompressedRows;
  /** Frees the codes. */
  dispose(): void;
}

/** Figures of a solution before it is wrapped. */
export interface Solved {
  values: Float64Array | Float32Array;
  gap: Float64Array;
  iterations: Int32Array;
  /** Squared norms of the rows, to which gaps are relative; none where nothing converges. */
  scales?: Float64Array;
}

/** How convergence is judged. */
export interface Judgement {
  caller: string;
  tolerance: number;
  /** Whether a row that did not converge is an error. */
  isRequired: boolean;
}

/** Wraps host codes; refuses rows that did not converge where that is asked for. */
export function sparseCodes(solved: Solved, codeDim: number, judgement?: Judgement): SparseCodes {
  const { gap, iterations } = solved;
  const rows = gap.length;
  const converged = judgement === undefined || judge(solved, judgement);
  const host = new Float32Array(solved.values);
  const codes = tf.tensor2d(host.slice(), [rows, codeDim]);
  return {
    codes,
    gap,
    iterations,
    converged,
    toCSR: () => compressed(host, rows, codeDim),
    dispose: () => codes.dispose(),
  };
}

/** Rounding that a relative gap may leave above a tolerance. */
const ROUNDING = 1e-14;

function judge({ gap, scales, iterations }: Solved, { caller, tolerance, isRequired }: Judgement): boolean {
  let [worst, at] = [0, -1];
  for (let n = 0; n < gap.length; n++) {
    const relative = scales![n]! > 0 ? gap[n]! / scales![n]! : 0;
    if (relative > tolerance + ROUNDING && relative > worst) [worst, at] = [relative, n];
  }
  if (at >= 0 && isRequired) throw unconverged(caller, at, iterations[at]!, worst, tolerance);
  return at < 0;
}

/** Error of a search that ended too early; names the gap that was reached. */
export function unconverged(
  caller: string,
  row: number,
  iterations: number,
  reached: number,
  tolerance: number,
  what = "relative gap",
): NumericalError {
  return new NumericalError(
    `${caller}: row ${row} has a ${what} of ${reached.toPrecision(3)} after ${iterations} iterations; at most ${tolerance} was expected; raise maxIterations or tolerance`,
    { iteration: iterations, residual: reached },
  );
}

function compressed(host: Float32Array, rows: number, codeDim: number): CompressedRows {
  const indptr = new Int32Array(rows + 1);
  let count = 0;
  for (let n = 0; n < rows; n++) {
    for (let j = 0; j < codeDim; j++) if (host[n * codeDim + j] !== 0) count++;
    indptr[n + 1] = count;
  }
  const data = new Float32Array(count);
  const indices = new Int32Array(count);
  for (let i = 0, at = 0; i < host.length; i++) {
    if (host[i] === 0) continue;
    data[at] = host[i]!;
    indices[at++] = i % codeDim;
  }
  return { data, indices, indptr };
}
