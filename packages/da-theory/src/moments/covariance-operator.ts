import { checkAborted, checkInteger, formatShape, ShapeError, tidyAsync } from "@lab/core";
import { eighHost } from "@lab/core/linalg";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { MAX_BYTES, type RuleOptions, type RunOptions } from "../rules/rule.js";
import type { ImageShape } from "../transforms/transform.js";
import {
  CovarianceHost,
  checkDense,
  completedPairs,
  gramPairs,
  gramWeights,
  SMALL_PROBLEM,
} from "./covariance-host.js";
import type { HostMoments } from "./host-moments.js";
import { type HostEigenpairs, krylovEigenpairs, signed } from "./krylov.js";

/** Directions of a covariance. */
export interface Eigenpairs {
  /** Eigenvalues, descending. */
  values: Float64Array;
  /** Unit eigenvectors as images, `[k, height, width, channels]`; the component of largest magnitude is positive. */
  images: tf.Tensor4D;
  /** `‖Σ v - λ v‖` of each. */
  residuals: Float64Array;
}

/** Covariance of a transformed image as an operator; a matrix of its size is never formed unless asked for. */
export interface CovarianceOperator {
  /** Number of values of the image D. */
  readonly size: number;
  /** `A` with `Σ = AᵀA` (beside a multiple of the identity), `[Q, D]`; undefined where there is no factor, or none that is kept. */
  readonly factor: tf.Tensor2D | undefined;
  /**
   * `Σ v`.
   *
   * @param v - Shape `[height, width, channels]`, or `[k, height, width, channels]` for several at once.
   */
  apply(v: tf.Tensor): Promise<tf.Tensor>;
  /** Variances of all values, `[height, width, channels]`. */
  diagonal(): Promise<tf.Tensor3D>;
  /** Sum of the variances. */
  trace(): Promise<number>;
  /** Frobenius norm; beyond 1024 values without a factor it is estimated, see {@link CovarianceHost.frobeniusNorm}. */
  frobeniusNorm(): Promise<number>;
  /**
   * `vᵀ Σ v`.
   *
   * @param v - Shape `[height, width, channels]`.
   */
  quadraticForm(v: tf.Tensor): Promise<number>;
  /**
   * Draws from N(0, Σ), `[count, height, width, channels]`.
   *
   * @param count - Number of draws.
   * @param generator - Source of randomness.
   */
  sample(count: number, generator: Generator): Promise<tf.Tensor4D>;
  /**
   * Largest eigenpairs: the directions in which the augmentation moves the image.
   *
   * @param k - Number of pairs, at most D.
   * @param options - Signal and progress.
   */
  topEigenpairs(k: number, options?: RunOptions): Promise<Eigenpairs>;
  /** The matrix `[D, D]`, for D up to 4096. */
  dense(): Promise<tf.Tensor2D>;
  /** Frees the tensors. */
  dispose(): void;
}

/** An operator over host moments; a factor that fits into `maxBytes` moves to the device. */
export function operatorOfMoments(
  moments: HostMoments,
  { maxBytes = MAX_BYTES }: RuleOptions = {},
): CovarianceOperator {
  const host = new CovarianceHost(moments);
  const { factor, size } = host;
  if (!factor || factor.count === 0 || 4 * factor.count * size > maxBytes)
    return hostOperator(host, moments.shape);
  const values = new Float32Array(factor.count * size);
  const row = new Float64Array(size);
  for (let q = 0; q < factor.count; q++) {
    factor.row(q, row);
    values.set(row, q * size);
  }
  const variances = host.diagonal();
  return factorOperator(tf.tensor2d(values, [factor.count, size]), moments.shape, variances, host.isotropic);
}

/** `[k, D]` of one image or several. */
function rowsOf(caller: string, v: tf.Tensor, shape: ImageShape): { rows: tf.Tensor2D; isSingle: boolean } {
  const isSingle = v.rank === 3;
  const own = isSingle ? v.shape : v.shape.slice(1);
  if (![3, 4].includes(v.rank) || own.some((side, axis) => side !== shape[axis])) {
    throw new ShapeError(
      `${caller}: v has shape ${formatShape(v.shape)}; ${formatShape(shape)} or [k,${shape.join(",")}] was expected`,
      { argument: "v", shape: v.shape },
    );
  }
  const size = shape[0] * shape[1] * shape[2];
  return { rows: tf.reshape(v, [-1, size]) as tf.Tensor2D, isSingle };
}

/** What the three kinds of operators do differently. */
interface Parts {
  shape: ImageShape;
  factor: tf.Tensor2D | undefined;
  /** `Σ` times rows `[k, D]`, which stay with the caller. */
  times(rows: tf.Tensor2D): Promise<tf.Tensor2D>;
  diagonal(): Float64Array;
  frobenius(): Promise<number>;
  draw(count: number, generator: Generator): Promise<tf.Tensor2D>;
  pairs(k: number, options: RunOptions): Promise<HostEigenpairs>;
  dense(): Promise<tf.Tensor2D>;
  dispose(): void;
}

function operator(parts: Parts): CovarianceOperator {
  const { shape } = parts;
  const size = shape[0] * shape[1] * shape[2];
  return {
    size,
    factor: parts.factor,
    apply: (v) =>
      tidyAsync(async (track) => {
        const { rows, isSingle } = rowsOf("covariance.apply", v, shape);
        const product = track(await parts.times(track(rows)));
        return tf.reshape(product, isSingle ? [...shape] : [-1, ...shape]);
      }),
    diagonal: async () => tf.tensor3d(Float32Array.from(parts.diagonal()), [...shape]),
    trace: async () => parts.diagonal().reduce((sum, value) => sum + value, 0),
    frobeniusNorm: () => parts.frobenius(),
    quadraticForm: (v) =>
      tidyAsync(async (track) => {
        const rows = track(rowsOf("covariance.quadraticForm", v, shape).rows);
        const product = track(await parts.times(rows));
        const [a, b] = await Promise.all([rows.data(), product.data()]);
        let sum = 0;
        for (let i = 0; i < size; i++) sum += a[i]! * b[i]!;
        return sum;
      }),
    sample: (count, generator) =>
      tidyAsync(async (track) => {
        checkInteger("covariance.sample", "count", count, { min: 1 });
        return tf.reshape(track(await parts.draw(count, generator)), [count, ...shape]) as tf.Tensor4D;
      }),
    async topEigenpairs(k, options = {}) {
      checkInteger("covariance.topEigenpairs", "k", k, { min: 1, max: size });
      checkAborted(options.signal);
      const { values, vectors, residuals } = await parts.pairs(k, options);
      return { values, residuals, images: tf.tensor4d(new Float32Array(vectors), [k, ...shape]) };
    },
    async dense() {
      checkDense(size);
      return parts.dense();
    },
    dispose: () => parts.dispose(),
  };
}

/** Operator `AᵀA + σ²I` of a factor on the device, which it owns. */
export function factorOperator(
  factor: tf.Tensor2D,
  shape: ImageShape,
  variances: Float64Array,
  isotropic: number,
): CovarianceOperator {
  const [count, size] = factor.shape;
  const plus = (product: tf.Tensor, rows: tf.Tensor) =>
    isotropic === 0 ? product : tf.add(product, tf.mul(rows, isotropic));
  const times = async (rows: tf.Tensor2D) =>
    // The small operand is the one that is transposed.
    tf.tidy(() =>
      plus(tf.matMul(tf.matMul(factor, rows, false, true), factor, true, false), rows),
    ) as tf.Tensor2D;
  const gram = async () => freedValues(tf.matMul(factor, factor, false, true));
  const dense = async () =>
    tf.tidy(() => plus(tf.matMul(factor, factor, true, false), tf.eye(size))) as tf.Tensor2D;
  return operator({
    shape,
    factor,
    times,
    diagonal: () => variances,
    async frobenius() {
      // The smaller product has the same norm.
      if (count > size) return normOf(await dense());
      const values = await gram();
      let [squares, trace] = [0, 0];
      for (const value of values) squares += value * value;
      for (let q = 0; q < count; q++) trace += values[q * count + q]!;
      return Math.sqrt(squares + 2 * isotropic * trace + isotropic ** 2 * size);
    },
    draw: async (draws, generator) =>
      tf.tidy(() => {
        const product = tf.matMul(generator.normal([draws, count]) as tf.Tensor2D, factor);
        return isotropic === 0
          ? product
          : tf.add(product, tf.mul(generator.normal([draws, size]), Math.sqrt(isotropic)));
      }) as tf.Tensor2D,
    async pairs(k, options) {
      if (count <= Math.min(SMALL_PROBLEM, size)) {
        // Gram entries in float32 hold seven digits.
        const found = gramPairs(await gram(), count, k, 1e-7);
        const rows =
          found.rank === 0
            ? new Float64Array(0)
            : await freedValues(
                tf.tidy(() =>
                  tf.matMul(tf.tensor2d(new Float32Array(gramWeights(found)), [found.rank, count]), factor),
                ),
              );
        const pairs = completedPairs(found, rows, size, k, isotropic);
        return withResiduals(pairs.values, pairs.vectors, size, times);
      }
      if (size <= SMALL_PROBLEM) return densePairs(await dense(), k, times);
      return iterated(times, size, k, options);
    },
    dense,
    dispose: () => factor.dispose(),
  });
}

/** Operator of a symmetric matrix on the device, which it owns. */
export function denseOperator(
  matrix: tf.Tensor2D,
  shape: ImageShape,
  variances: Float64Array,
): CovarianceOperator {
  const size = matrix.shape[0];
  const times = async (rows: tf.Tensor2D): Promise<tf.Tensor2D> => tf.matMul(rows, matrix);
  return operator({
    shape,
    factor: undefined,
    times,
    diagonal: () => variances,
    frobenius: () => normOf(tf.clone(matrix)),
    async draw(count, generator) {
      // The root from the eigenpairs: the matrix is singular by construction.
      const values = new Float64Array(await matrix.data());
      const { values: lambda, vectors } = eighHost(values, size);
      const root = vectors.map((v, at) => v * Math.sqrt(Math.max(0, lambda[at % size]!)));
      return tf.tidy(() =>
        tf.matMul(
          generator.normal([count, size]) as tf.Tensor2D,
          tf.tensor2d(new Float32Array(root), [size, size]),
          false,
          true,
        ),
      ) as tf.Tensor2D;
    },
    pairs: (k, options) =>
      size <= SMALL_PROBLEM ? densePairs(tf.clone(matrix), k, times) : iterated(times, size, k, options),
    dense: async () => tf.clone(matrix),
    dispose: () => matrix.dispose(),
  });
}

/** Operator whose products are taken on the host in float64. */
export function hostOperator(host: CovarianceHost, shape: ImageShape): CovarianceOperator {
  const { size } = host;
  return operator({
    shape,
    factor: undefined,
    async times(rows) {
      const values = await rows.data();
      const out = new Float32Array(values.length);
      for (let at = 0; at < values.length; at += size)
        out.set(host.apply(values.subarray(at, at + size) as Float32Array), at);
      return tf.tensor2d(out, rows.shape);
    },
    diagonal: () => host.diagonal(),
    frobenius: () => host.frobeniusNorm(),
    async draw(count, generator) {
      const out = new Float32Array(count * size);
      for (let n = 0; n < count; n++) out.set(host.sample(generator), n * size);
      return tf.tensor2d(out, [count, size]);
    },
    pairs: (k, options) => host.topEigenpairs(k, options),
    dense: async () => tf.tensor2d(Float32Array.from(host.dense()), [size, size]),
    dispose: () => {},
  });
}

/**
 * Values of a tensor, which is freed.
 *
 * Not by `tidyAsync`: it looks for tensors in what its body returns, in arrays one number after the other.
 */
async function freedValues(tensor: tf.Tensor): Promise<Float64Array> {
  try {
    return new Float64Array(await tensor.data());
  } finally {
    tensor.dispose();
  }
}

/** Norm of a matrix, which is freed. */
async function normOf(matrix: tf.Tensor2D): Promise<number> {
  const values = await matrix.data();
  matrix.dispose();
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

type Times = (rows: tf.Tensor2D) => Promise<tf.Tensor2D>;

async function withResiduals(
  values: Float64Array,
  vectors: Float64Array,
  size: number,
  times: Times,
): Promise<HostEigenpairs> {
  const rows = tf.tensor2d(new Float32Array(vectors), [values.length, size]);
  const product = await freedValues(await times(rows));
  rows.dispose();
  const residuals = values.map((value, i) => {
    let sum = 0;
    for (let x = i * size; x < (i + 1) * size; x++) sum += (product[x]! - value * vectors[x]!) ** 2;
    return Math.sqrt(sum);
  });
  return { values, vectors, residuals };
}

/** Pairs of a small matrix, which is freed. */
async function densePairs(matrix: tf.Tensor2D, k: number, times: Times): Promise<HostEigenpairs> {
  const size = matrix.shape[0];
  const entries = new Float64Array(await matrix.data());
  matrix.dispose();
  const { values, vectors } = eighHost(entries, size);
  const top = new Float64Array(k * size);
  for (let i = 0; i < k; i++) {
    top.set(
      signed(Float64Array.from({ length: size }, (_, x) => vectors[x * size + size - 1 - i]!)),
      i * size,
    );
  }
  return withResiduals(
    Float64Array.from({ length: k }, (_, i) => values[size - 1 - i]!),
    top,
    size,
    times,
  );
}

function iterated(times: Times, size: number, k: number, options: RunOptions): Promise<HostEigenpairs> {
  return krylovEigenpairs(
    async (v) => {
      const row = tf.tensor2d(new Float32Array(v), [1, size]);
      const product = await freedValues(await times(row));
      row.dispose();
      return product;
    },
    {
      k,
      size,
      generator: new Generator(0),
      // Products in float32 do not allow more.
      tolerance: 1e-5,
      signal: options.signal,
      onProgress: options.onProgress,
    },
  );
}
