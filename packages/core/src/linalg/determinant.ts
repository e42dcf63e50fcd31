import * as tf from "@tensorflow/tfjs-core";
import { checkNumber } from "../check/index.js";
import { choleskySolve } from "./cholesky.js";
import { diagonalPart, identity, transposed } from "./matrix-ops.js";
import { checkMatrix, checkSquare, isRecorded, runKernel } from "./run-kernel.js";

/** Result of {@link slogdet}. */
export interface SlogdetResult {
  /** −1, 0 or 1, `[…]`; has no gradient. */
  sign: tf.Tensor;
  /** Logarithm of the magnitude, `[…]`; −∞ for a singular matrix. */
  logAbs: tf.Tensor;
}

const factor = (caller: string, a: tf.Tensor) => runKernel(caller, "LabCholesky", { a })[0]!;
const logdetOfFactor = (l: tf.Tensor) => tf.mul(tf.sum(tf.log(diagonalPart(l)), -1), 2);
const asMatrix = (scalars: tf.Tensor) => tf.expandDims(tf.expandDims(scalars, -1), -1);

/**
 * Logarithms of the determinants of symmetric positive definite matrices.
 *
 * $\log\det A = 2 \sum_i \log L_{ii}$
 *
 * @param a - `[…,n,n]`, float32; only the lower triangles are read.
 * @returns `[…]`; belongs to the caller.
 * @throws {@link ShapeError}, {@link ArgumentError} for shape, dtype and non-finite values;
 *   {@link NotPositiveDefiniteError} with the failing pivot (on WebGPU: NaN).
 * @remarks The gradient is the inverse through two triangular solves.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { logdet } from "@lab/core/linalg";
 *
 * await init({ backend: "wasm" });
 * const value = logdet(tf.tensor2d([[4, 2], [2, 5]]));
 * Math.exp((await value.data())[0]!).toFixed(4); // => "16.0000"
 * ```
 */
export function logdet(a: tf.Tensor): tf.Tensor {
  checkSquare("logdet", "a", a);
  const run = tf.customGrad((matrix, save) => {
    const x = matrix as tf.Tensor;
    const l = factor("logdet", x);
    (save as tf.GradSaveFunc)([x, l]);
    return {
      value: logdetOfFactor(l),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const kept = isRecorded() ? factor("logdet", saved[0]!) : saved[1]!;
        const eye = identity(x.shape.at(-1)!);
        return tf.mul(asMatrix(dy), choleskySolve(kept, eye));
      },
    };
  });
  return run(a);
}

/**
 * Signs and logarithms of the magnitudes of determinants.
 *
 * @param a - `[…,n,n]`, float32.
 * @returns See {@link SlogdetResult}; belongs to the caller. A singular matrix gives 0 and −∞.
 * @throws {@link ShapeError}, {@link ArgumentError} for shape, dtype and non-finite values; {@link BackendError} on WebGPU when
 *   `a` has not been read; {@link NumericalError} from the gradient at a singular matrix.
 * @remarks Elimination with partial pivoting in double precision.
 */
export function slogdet(a: tf.Tensor): SlogdetResult {
  checkSquare("slogdet", "a", a);
  return tf.tidy(() => {
    const [sign, logAbs] = runKernel("slogdet", "LabSlogdet", { a });
    return { sign: sign!, logAbs: logAbs! };
  });
}

/**
 * Logarithm of the determinant of the identity plus a Gram matrix.
 *
 * $\log\det(I + c\,Z^T Z) = \log\det(I + c\,Z Z^T)$
 *
 * @param z - `[…,n,d]`, float32.
 * @param c - Factor, not negative.
 * @returns `[…]`; belongs to the caller.
 * @throws {@link ShapeError}, {@link ArgumentError} for shape, dtype and a negative or non-finite factor.
 * @remarks Works on the smaller of the two Gram matrices. The gradient is
 *   $2c\,Z (I + c\,Z^TZ)^{-1} = 2c\,(I + c\,ZZ^T)^{-1} Z$, through two triangular solves on that side.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { logdetGram } from "@lab/core/linalg";
 *
 * await init({ backend: "wasm" });
 * const value = logdetGram(tf.tensor2d([[1, 2, 2]]), 1 / 3);
 * Math.exp((await value.data())[0]!).toFixed(4); // => "4.0000"
 * ```
 */
export function logdetGram(z: tf.Tensor, c: number): tf.Tensor {
  checkMatrix("logdetGram", "z", z);
  checkNumber("logdetGram", "c", c, { min: 0 });
  const isWide = z.shape.at(-2)! < z.shape.at(-1)!;
  const size = isWide ? z.shape.at(-2)! : z.shape.at(-1)!;
  const gramFactor = (x: tf.Tensor) =>
    factor("logdetGram", tf.add(tf.mul(tf.matMul(x, x, !isWide, isWide), c), identity(size)));
  const run = tf.customGrad((matrix, save) => {
    const x = matrix as tf.Tensor;
    const l = gramFactor(x);
    (save as tf.GradSaveFunc)([x, l]);
    return {
      value: logdetOfFactor(l),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const kept = saved[0]!;
        const lower = isRecorded() ? gramFactor(kept) : saved[1]!;
        const solved = isWide
          ? choleskySolve(lower, kept)
          : transposed(choleskySolve(lower, transposed(kept)));
        return tf.mul(solved, tf.mul(asMatrix(dy), 2 * c));
      },
    };
  });
  return run(z);
}
