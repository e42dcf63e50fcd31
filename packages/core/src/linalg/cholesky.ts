import * as tf from "@tensorflow/tfjs-core";
import { checkNumber } from "../check/index.js";
import { diagonalPart, identity } from "./matrix-ops.js";
import { alignSystem, checkSquare, runKernel } from "./run-kernel.js";

/** Options of {@link cholesky}. */
export interface CholeskyOptions {
  /**
   * Multiple of the mean diagonal of each matrix that is added to its diagonal.
   * @defaultValue 0, nothing
   */
  jitter?: number;
}

/** Options of {@link triangularSolve}. */
export interface TriangularSolveOptions {
  /**
   * Whether `l` is lower triangular; else it is upper triangular.
   * @defaultValue true
   */
  lower?: boolean;
  /**
   * Whether to solve with the transpose of `l`.
   * @defaultValue false
   */
  transpose?: boolean;
}

/**
 * Lower triangular factors of symmetric positive definite matrices.
 *
 * $A = L L^T$
 *
 * @param a - `[…,n,n]`, float32; only the lower triangles are read.
 * @param options - See {@link CholeskyOptions}.
 * @returns `[…,n,n]` with zeros above the diagonals; belongs to the caller.
 * @throws {@link ShapeError}, {@link ArgumentError} for shape, dtype and non-finite values;
 *   {@link NotPositiveDefiniteError} with the failing pivot's index and value. On WebGPU nothing is read: there a
 *   matrix that is not positive definite gives NaN.
 * @remarks Double precision inside, except on a GPU. The gradient is that of a symmetric argument, itself symmetric.
 * @see Murray (2016), Differentiation of the Cholesky decomposition, eq. (8).
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { cholesky } from "@lab/core/linalg";
 *
 * await init({ backend: "wasm" });
 * const l = cholesky(tf.tensor2d([[4, 2], [2, 5]]));
 * await l.array(); // => [[2, 0], [1, 2]]
 * ```
 */
export function cholesky(a: tf.Tensor, options: CholeskyOptions = {}): tf.Tensor {
  checkSquare("cholesky", "a", a);
  const jitter = checkNumber("cholesky", "jitter", options.jitter ?? 0, { min: 0 });
  return tf.tidy(() => {
    const shifted = jitter > 0 ? tf.add(a, diagonalShift(a, jitter)) : a;
    return runKernel("cholesky", "LabCholesky", { a: shifted })[0]!;
  });
}

function diagonalShift(a: tf.Tensor, jitter: number): tf.Tensor {
  const mean = tf.mean(diagonalPart(a), -1);
  return tf.mul(tf.expandDims(tf.expandDims(tf.mul(mean, jitter), -1), -1), identity(a.shape.at(-1)!));
}

/**
 * Solves triangular systems.
 *
 * $L X = B$, or $L^T X = B$ with `transpose`.
 *
 * @param l - `[…,n,n]`, float32; the other triangle is not read.
 * @param b - `[…,n,k]`, or one vector `[n]`; leading axes broadcast.
 * @param options - See {@link TriangularSolveOptions}.
 * @returns `[…,n,k]`, or `[…,n]` for a vector; belongs to the caller.
 * @throws {@link ShapeError}, {@link ArgumentError} for shape, dtype and non-finite values; {@link NumericalError} for a zero
 *   on the diagonal, except on WebGPU, where it gives infinities.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { triangularSolve } from "@lab/core/linalg";
 *
 * await init({ backend: "wasm" });
 * const x = triangularSolve(tf.tensor2d([[2, 0], [1, 2]]), tf.tensor1d([2, 5]));
 * await x.array(); // => [1, 2]
 * ```
 */
export function triangularSolve(l: tf.Tensor, b: tf.Tensor, options: TriangularSolveOptions = {}): tf.Tensor {
  checkSquare("triangularSolve", "l", l);
  const { lower = true, transpose = false } = options;
  return tf.tidy(() => {
    const system = alignSystem("triangularSolve", "l", l, b);
    const inputs = { l: system.a, b: system.b };
    return system.restore(
      runKernel("triangularSolve", "LabTriangularSolve", inputs, { lower, transpose })[0]!,
    );
  });
}

/**
 * Solves systems from Cholesky factors.
 *
 * $L L^T X = B$
 *
 * @param l - `[…,n,n]`, as {@link cholesky} returns it.
 * @param b - `[…,n,k]`, or one vector `[n]`; leading axes broadcast.
 * @returns `[…,n,k]`, or `[…,n]` for a vector; belongs to the caller.
 * @throws As {@link triangularSolve}.
 */
export function choleskySolve(l: tf.Tensor, b: tf.Tensor): tf.Tensor {
  checkSquare("choleskySolve", "l", l);
  return tf.tidy(() => {
    const system = alignSystem("choleskySolve", "l", l, b);
    const half = triangularSolve(system.a, system.b);
    return system.restore(triangularSolve(system.a, half, { transpose: true }));
  });
}
