import {
  ArgumentError,
  checkChoice,
  checkInteger,
  checkNumber,
  checkRank,
  checkSameShape,
  checkShape,
  ShapeError,
} from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkAtoms, linearDecoder } from "../decoders/linear-decoder.js";
import { infer } from "../inference/infer.js";
import { gramHost } from "../inference/infer-host.js";
import { type RowProblem, solveRow } from "./coordinate-descent.js";
import { gapsHost, squaredNorm } from "./lasso-host.js";
import { pursueRow } from "./matching-pursuit.js";

/** Options of {@link sparseEncode}. */
export interface SparseEncodeOptions {
  /**
   * `"cd"`: coordinate descent on the host. `"fista"`: on the device. `"omp"`: orthogonal matching pursuit.
   * `"threshold"`: soft threshold of the correlations. @defaultValue `"auto"`: `"fista"` on a GPU, else `"cd"`
   */
  algorithm?: "auto" | "cd" | "fista" | "omp" | "threshold";
  /** Weight of the l1 norm, one or one for each atom (`"cd"` only). @defaultValue 1 */
  alpha?: number | tf.Tensor1D;
  /** Weight of half the squared norm of the codes (`"cd"` only). @defaultValue 0 */
  l2?: number;
  /** Most atoms of a row, for `"omp"`. @defaultValue a tenth of the data's components, at least 1 */
  nonzero?: number;
  /** Squared residual at which `"omp"` ends. @defaultValue 0 */
  errorTolerance?: number;
  /** Whether codes are non-negative; not for `"omp"`. @defaultValue false */
  positive?: boolean;
  /** Which values of `y` count, 0 or 1, same shape (`"cd"` only): codes of incomplete data. @defaultValue all */
  mask?: tf.Tensor2D;
  /** Gap relative to the squared norm of a row, the meaning of scikit-learn's `tol`. @defaultValue 1e-4 */
  tolerance?: number;
  /** Most sweeps or iterations. @defaultValue 1000 */
  maxIterations?: number;
  /** Start of `"cd"` and `"fista"`, shape `[N, l]`. @defaultValue zeros */
  init?: tf.Tensor2D;
}

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
  /** Duality gap of each row for the lasso; the squared residual of `"omp"`; not a number for `"threshold"`. */
  gap: Float64Array;
  /** Sweeps, iterations or atoms of each row. */
  iterations: Int32Array;
  /** Compressed sparse rows. */
  toCSR(): CompressedRows;
  /** Frees the codes. */
  dispose(): void;
}

/** Double-precision copies of what coordinate descent needs. */
export interface HostGram {
  gram: Float64Array;
  target: Float64Array;
  scales: Float64Array;
}

/** Gram matrix, correlations and squared norms: products on the device, read once. */
export async function readGram(y: tf.Tensor2D, dictionary: tf.Tensor2D): Promise<HostGram> {
  const parts = tf.tidy(() => [
    tf.matMul(dictionary, dictionary, true, false),
    tf.matMul(y, dictionary),
    tf.sum(tf.square(y), 1),
  ]);
  const [gram, target, scales] = await Promise.all(parts.map((part) => part.data()));
  tf.dispose(parts);
  return {
    gram: Float64Array.from(gram!),
    target: Float64Array.from(target!),
    scales: Float64Array.from(scales!),
  };
}

/** Checks data against a dictionary. */
export function checkPair(caller: string, y: tf.Tensor2D, dictionary: tf.Tensor2D): void {
  checkRank(caller, "y", y, 2);
  checkRank(caller, "dictionary", dictionary, 2);
  if (y.shape[1] !== dictionary.shape[0]) {
    throw new ShapeError(
      `${caller}: dictionary has ${dictionary.shape[0]} rows and y has ${y.shape[1]} columns; equal numbers were expected`,
      { argument: "dictionary", shape: dictionary.shape },
    );
  }
}

/** Refuses data that hold NaN or infinities, by the squared norms of its rows. */
export function checkScales(caller: string, scales: Float64Array): void {
  const row = scales.findIndex((value) => !Number.isFinite(value));
  if (row >= 0) {
    throw new ArgumentError(
      `${caller}: y holds ${Number.isNaN(scales[row]!) ? "NaN" : "an infinity"} at row ${row}; finite numbers were expected`,
      { argument: "y", value: scales[row] },
    );
  }
}

/** Wraps host codes. */
export function sparseCodes(
  values: Float64Array,
  codeDim: number,
  gap: Float64Array,
  iterations: Int32Array,
): SparseCodes {
  const rows = gap.length;
  const host = Float32Array.from(values);
  const codes = tf.tensor2d(host.slice(), [rows, codeDim]);
  return {
    codes,
    gap,
    iterations,
    toCSR() {
      const indptr = new Int32Array(rows + 1);
      const indices: number[] = [];
      for (let n = 0; n < rows; n++) {
        for (let j = 0; j < codeDim; j++) if (host[n * codeDim + j] !== 0) indices.push(n * codeDim + j);
        indptr[n + 1] = indices.length;
      }
      return {
        data: Float32Array.from(indices, (at) => host[at]!),
        indices: Int32Array.from(indices, (at) => at % codeDim),
        indptr,
      };
    },
    dispose: () => codes.dispose(),
  };
}

/**
 * Sparse codes of data against a fixed dictionary, in the textbook's scaling.
 *
 * $\min_z \frac12 \lVert y - D z \rVert^2 + \alpha \lVert z \rVert_1 + \frac{l_2}{2}\lVert z \rVert^2$ for each row, or the best few
 * atoms with `"omp"`.
 *
 * @param y - Data, shape `[N, d]`.
 * @param dictionary - Atoms as columns, shape `[d, l]`.
 * @param o - See {@link SparseEncodeOptions}.
 * @returns See {@link SparseCodes}.
 * @throws {@link ShapeError}, {@link ArgumentError} for arguments that do not fit.
 * @remarks Coordinate descent costs about the square of the number of atoms in use for each row; the products with the data
 * run on the device.
 * @see Fercoq, Gramfort, Salmon (2015), Mind the duality gap; Massias, Gramfort, Salmon (2018), Celer.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { sparseEncode } from "@lab/sparse-coding";
 *
 * await init();
 * const coded = await sparseEncode(tf.tensor2d([[3, -0.5, -2]]), tf.eye(3), { alpha: 1 });
 * Array.from(await coded.codes.data()); // => [2, 0, -1]
 * Array.from(coded.toCSR().indices); // => [0, 2]
 * ```
 */
export async function sparseEncode(
  y: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  o: SparseEncodeOptions = {},
): Promise<SparseCodes> {
  const caller = "sparseEncode";
  checkPair(caller, y, dictionary);
  const [rows, dataDim] = y.shape;
  const l = dictionary.shape[1];
  const asked = checkChoice(caller, "algorithm", o.algorithm ?? "auto", [
    "auto",
    "cd",
    "fista",
    "omp",
    "threshold",
  ]);
  const needsHost = typeof o.alpha === "object" || o.l2 !== undefined || o.mask !== undefined;
  const isGpu = tf.getBackend() === "webgpu" || tf.getBackend() === "webgl";
  const algorithm = asked !== "auto" ? asked : isGpu && !needsHost ? "fista" : "cd";
  const positive = o.positive ?? false;
  const tolerance = checkNumber(caller, "tolerance", o.tolerance ?? 1e-4, { min: 0 });
  const maxIterations = checkInteger(caller, "maxIterations", o.maxIterations ?? 1000, { min: 1 });
  const l2 = checkNumber(caller, "l2", o.l2 ?? 0, { min: 0 });
  if (needsHost && algorithm !== "cd") {
    throw new ArgumentError(
      `${caller}: algorithm is "${algorithm}"; "cd" was expected with a mask, l2 or one alpha for each atom`,
      { argument: "algorithm", value: algorithm },
    );
  }
  if (algorithm === "omp" && positive) {
    throw new ArgumentError(
      `${caller}: algorithm is "omp"; "cd" or "fista" was expected with positive codes`,
      {
        argument: "algorithm",
        value: algorithm,
      },
    );
  }
  if (o.init) checkShape(caller, "init", o.init, [rows, l]);
  const alpha = new Float64Array(l);
  if (typeof o.alpha === "object") {
    checkShape(caller, "alpha", o.alpha, [l]);
    alpha.set(await o.alpha.data());
    for (const [j, value] of alpha.entries()) checkNumber(caller, `alpha[${j}]`, value, { min: 0 });
  } else alpha.fill(checkNumber(caller, "alpha", o.alpha ?? 1, { min: 0 }));
  if (o.mask) checkSameShape(caller, "mask", o.mask, "y", y);
  await checkAtoms(caller, dictionary);

  if (algorithm === "fista")
    return byFista(y, dictionary, alpha[0]!, { ...o, positive, tolerance, maxIterations });
  const masked = o.mask ? (tf.mul(y, o.mask) as tf.Tensor2D) : undefined;
  const { gram, target, scales } = await readGram(masked ?? y, dictionary);
  masked?.dispose();
  checkScales(caller, scales);
  const codes = new Float64Array(rows * l);
  const gap = new Float64Array(rows);
  const iterations = new Int32Array(rows);
  const own = (values: Float64Array, n: number) => values.subarray(n * l, (n + 1) * l);
  if (algorithm === "threshold") {
    for (let i = 0; i < codes.length; i++) {
      const value = target[i]!;
      const size = Math.abs(value) - alpha[i % l]!;
      codes[i] = size > 0 && (value > 0 || !positive) ? Math.sign(value) * size : 0;
    }
    gap.fill(Number.NaN);
  } else if (algorithm === "omp") {
    const limits = {
      nonzero: checkInteger(
        caller,
        "nonzero",
        o.nonzero ?? (o.errorTolerance === undefined ? Math.max(1, Math.floor(0.1 * dataDim)) : l),
        { min: 1, max: l },
      ),
      errorTolerance: checkNumber(caller, "errorTolerance", o.errorTolerance ?? 0, { min: 0 }),
    };
    for (let n = 0; n < rows; n++) {
      const { count, residual } = pursueRow(gram, own(target, n), scales[n]!, limits, own(codes, n));
      gap[n] = residual;
      iterations[n] = count;
    }
  } else {
    if (o.init) codes.set(await o.init.data());
    const grams = o.mask ? await maskedGrams(dictionary, o.mask) : undefined;
    if (l2 > 0) for (let j = 0; j < l; j++) gram[j * l + j]! += l2;
    for (let n = 0; n < rows; n++) {
      const row: RowProblem = {
        gram: grams ? grams(n, l2) : gram,
        target: own(target, n),
        scale: scales[n]!,
        alpha,
        positive,
      };
      const outcome = solveRow(row, own(codes, n), tolerance, maxIterations);
      gap[n] = outcome.gap;
      iterations[n] = outcome.sweeps;
    }
  }
  return sparseCodes(codes, l, gap, iterations);
}

/** Gram matrix of the atoms on the values of a row that count. */
async function maskedGrams(dictionary: tf.Tensor2D, mask: tf.Tensor2D) {
  const [atoms, known] = await Promise.all([dictionary.data(), mask.data()]);
  const [dataDim, l] = dictionary.shape;
  return (n: number, l2: number) => {
    const gram = new Float64Array(l * l);
    for (let k = 0; k < dataDim; k++) {
      const weight = known[n * dataDim + k]!;
      if (weight === 0) continue;
      for (let i = 0; i < l; i++) {
        const a = weight * weight * atoms[k * l + i]!;
        for (let j = 0; j < l; j++) gram[i * l + j]! += a * atoms[k * l + j]!;
      }
    }
    for (let j = 0; j < l; j++) gram[j * l + j]! += l2;
    return gram;
  };
}

async function byFista(
  y: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  alpha: number,
  o: SparseEncodeOptions & { positive: boolean; tolerance: number; maxIterations: number },
): Promise<SparseCodes> {
  const [dataDim, codeDim] = dictionary.shape;
  const decoder = linearDecoder({ codeDim, dataDim, dictionary });
  try {
    const found = await infer(decoder, y, {
      sparsity: alpha,
      scaling: "half",
      positive: o.positive,
      tolerance: o.tolerance,
      maxIterations: o.maxIterations,
      ...(o.init ? { init: o.init } : {}),
    });
    const values = Float64Array.from(await found.codes.data());
    found.dispose();
    // Gaps of the mean scaling are 2/d of the textbook's.
    const gap = (found.gap ?? new Float64Array(y.shape[0])).map((value) => (value * dataDim) / 2);
    return sparseCodes(values, codeDim, gap, new Int32Array(y.shape[0]).fill(found.iterations));
  } finally {
    decoder.dispose();
  }
}

/** Options of {@link alphaMax}. */
export interface AlphaMaxOptions {
  /** Whether codes are non-negative. @defaultValue false */
  positive?: boolean;
}

/**
 * Smallest weight of the l1 norm at which every code is zero.
 *
 * $\max_{ij} |Y D|_{ij}$, without the modulus for non-negative codes.
 *
 * @param y - Shape `[N, d]`.
 * @param dictionary - Shape `[d, l]`.
 * @param o - See {@link AlphaMaxOptions}.
 * @returns In the textbook's scaling, at least 0.
 * @throws {@link ShapeError} when the sizes do not fit.
 */
export async function alphaMax(
  y: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  o: AlphaMaxOptions = {},
): Promise<number> {
  checkPair("alphaMax", y, dictionary);
  const largest = tf.tidy(() => {
    const products = tf.matMul(y, dictionary);
    return tf.max(o.positive ? tf.relu(products) : tf.abs(products));
  });
  const [value] = await largest.data();
  largest.dispose();
  return value!;
}

/** Options of {@link dualityGap}. */
export interface DualityGapOptions extends AlphaMaxOptions {
  /** Weight of half the squared norm of the codes. @defaultValue 0 */
  l2?: number;
}

/**
 * Duality gap of each row's lasso: how far its objective can be above the smallest.
 *
 * @param y - Shape `[N, d]`.
 * @param dictionary - Shape `[d, l]`.
 * @param codes - Shape `[N, l]`.
 * @param alpha - Weight of the l1 norm, textbook scaling.
 * @param o - See {@link DualityGapOptions}.
 * @returns One gap a row, in double precision from float32 products: about 1e-6 of the squared norm is rounding.
 * @throws {@link ShapeError} when the sizes do not fit.
 */
export async function dualityGap(
  y: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  codes: tf.Tensor2D,
  alpha: number,
  o: DualityGapOptions = {},
): Promise<Float64Array> {
  checkPair("dualityGap", y, dictionary);
  const l = dictionary.shape[1];
  checkShape("dualityGap", "codes", codes, [y.shape[0], l]);
  checkNumber("dualityGap", "alpha", alpha, { min: 0 });
  const l2 = checkNumber("dualityGap", "l2", o.l2 ?? 0, { min: 0 });
  const [yHost, dictionaryHost, codesHost] = await Promise.all([y.data(), dictionary.data(), codes.data()]);
  const problem = {
    y: Float64Array.from(yHost),
    dictionary: Float64Array.from(dictionaryHost),
    rows: y.shape[0],
    dataDim: y.shape[1],
    codeDim: l,
  };
  const { gram, target } = gramHost(problem, 1);
  for (let j = 0; j < l; j++) gram[j * l + j]! += l2;
  const scales = Float64Array.from({ length: problem.rows }, (_, n) =>
    squaredNorm(problem.y.subarray(n * problem.dataDim, (n + 1) * problem.dataDim)),
  );
  const weights = new Float64Array(l).fill(alpha);
  return gapsHost(gram, target, scales, Float64Array.from(codesHost), weights, o.positive ?? false);
}

/** Options of {@link lassoPath}. */
export interface LassoPathOptions {
  /** The weights, largest first. @defaultValue a geometric sequence from {@link alphaMax} on */
  alphas?: number[];
  /** Length of that sequence. @defaultValue 20 */
  count?: number;
  /** Last weight over first. @defaultValue 1e-2 */
  ratio?: number;
  /** Whether codes are non-negative. @defaultValue false */
  positive?: boolean;
}

/**
 * Codes along a sequence of weights, each started from the one before.
 *
 * @param y - Shape `[N, d]`.
 * @param dictionary - Shape `[d, l]`.
 * @param o - See {@link LassoPathOptions}.
 * @returns Codes by weight as they are found; each belongs to the caller.
 * @throws As {@link sparseEncode}.
 */
export async function* lassoPath(
  y: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  o: LassoPathOptions = {},
): AsyncGenerator<{ alpha: number } & SparseCodes> {
  const count = checkInteger("lassoPath", "count", o.count ?? 20, { min: 1 });
  const ratio = checkNumber("lassoPath", "ratio", o.ratio ?? 1e-2, { above: 0, below: 1 });
  const positive = o.positive ?? false;
  const top = o.alphas ? 0 : await alphaMax(y, dictionary, { positive });
  const alphas =
    o.alphas ?? Array.from({ length: count }, (_, i) => top * ratio ** (i / Math.max(count - 1, 1)));
  let last: tf.Tensor2D | undefined;
  try {
    for (const alpha of alphas) {
      const coded = await sparseEncode(y, dictionary, {
        algorithm: "cd",
        alpha,
        positive,
        ...(last ? { init: last } : {}),
      });
      last?.dispose();
      last = tf.clone(coded.codes);
      yield { ...coded, alpha };
    }
  } finally {
    last?.dispose();
  }
}
