import * as tf from "@tensorflow/tfjs-core";
import { alignSystem, checkSquare, runKernel } from "./run-kernel.js";

/**
 * Solves square systems.
 *
 * $A X = B$
 *
 * @param a - `[…,n,n]`, float32.
 * @param b - `[…,n,k]`, or one vector `[n]`; leading axes broadcast.
 * @returns `[…,n,k]`, or `[…,n]` for a vector; belongs to the caller.
 * @throws {@link ShapeError}, {@link ArgumentError} for shape, dtype and non-finite values; {@link NumericalError} for a matrix
 *   that is singular to double precision; {@link BackendError} on WebGPU when `a` or `b` have not been read.
 * @remarks Elimination with partial pivoting, double precision inside. For many systems with one symmetric positive
 *   definite matrix, {@link cholesky} and {@link choleskySolve} cost half.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { solve } from "@lab/core/linalg";
 *
 * await init({ backend: "wasm" });
 * const x = solve(tf.tensor2d([[0, 2], [4, 0]]), tf.tensor1d([2, 4]));
 * await x.array(); // => [1, 1]
 * ```
 */
export function solve(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  checkSquare("solve", "a", a);
  return tf.tidy(() => {
    const system = alignSystem("solve", "a", a, b);
    return system.restore(runKernel("solve", "LabSolve", { a: system.a, b: system.b })[0]!);
  });
}
