import { checkChoice, checkInteger, ShapeError } from "@lab/core";
import { eighHost, svdHost } from "@lab/core/linalg";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { prepare } from "../cascade/prepare.js";
import { type Points, readAll } from "../points/points.js";
import { Pauses } from "../run/pauses.js";
import { openTraining, type Subspace, subspaceOf } from "./subspace.js";

/** x ↦ (x − mean) · matrix, the matrix being from × to. */
export function linear(
  caller: string,
  mean: Float64Array,
  matrix: Float64Array,
  to: number,
  json: unknown,
): Subspace {
  const from = mean.length;
  return subspaceOf({
    caller,
    from,
    to,
    keepsBytes: false,
    json,
    map: (values, count) => {
      const out = new Float64Array(count * to);
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < from; j++) {
          const value = values[i * from + j]! - mean[j]!;
          if (value === 0) continue;
          for (let k = 0; k < to; k++) out[i * to + k] = out[i * to + k]! + value * matrix[j * to + k]!;
        }
      }
      return out;
    },
    tensor: (x) =>
      tf.matMul(
        tf.sub(x, tf.tensor1d(Float32Array.from(mean))) as tf.Tensor2D,
        tf.tensor2d(Float32Array.from(matrix), [from, to]),
      ),
  });
}

/**
 * Principal components of the training rows.
 *
 * @param train - Shape `[N, d]`; the test rows must not be among them.
 * @param options - Number of components, at most d.
 * @throws `ArgumentError` when there are fewer columns than components.
 */
export async function pca(
  train: Points,
  options: { /** Number of components. */ components: number },
): Promise<Subspace> {
  const rows = await openTraining("pca", train);
  const { d } = rows;
  const components = checkInteger("pca", "components", options.components, { min: 1, max: d });
  const { covariance, active, mean } = await prepare("pca", rows, new Pauses(undefined));
  const a = active.length;
  const matrix = new Float64Array(d * components);
  if (a > 0) {
    const { vectors } = eighHost(covariance, a);
    // Ascending: the last columns are the first components. The largest entry of each is made positive.
    for (let k = 0; k < Math.min(components, a); k++) {
      const column = a - 1 - k;
      let largest = 0;
      for (let c = 0; c < a; c++) {
        const value = vectors[c * a + column]!;
        if (Math.abs(value) > Math.abs(largest)) largest = value;
      }
      for (let c = 0; c < a; c++) {
        matrix[active[c]! * components + k] = Math.sign(largest) * vectors[c * a + column]!;
      }
    }
  }
  return linear("pca", mean, matrix, components, {
    kind: "pca",
    components,
    mean: Array.from(mean),
    matrix: Array.from(matrix),
  });
}

/** Arguments of {@link randomProjection}. */
export interface RandomProjectionOptions {
  /** Columns of the points. */
  from: number;
  /** Columns of the result. */
  to: number;
  /** Seed of the matrix. */
  seed: number;
  /** Entries: normal or ±1, divided by √to. @defaultValue `"gaussian"` */
  kind?: "gaussian" | "sign";
}

/** Product with a random matrix. */
export function randomProjection({ from, to, seed, kind = "gaussian" }: RandomProjectionOptions): Subspace {
  checkInteger("randomProjection", "from", from, { min: 1 });
  checkInteger("randomProjection", "to", to, { min: 1 });
  checkInteger("randomProjection", "seed", seed, { min: 0 });
  checkChoice("randomProjection", "kind", kind, ["gaussian", "sign"] as const);
  const generator = new Generator(seed).split("projection");
  const entries =
    kind === "gaussian"
      ? generator.normal64(from * to)
      : generator.float64(from * to).map((u) => (u < 0.5 ? -1 : 1));
  const matrix = entries.map((value) => value / Math.sqrt(to));
  return linear("randomProjection", new Float64Array(from), matrix, to, {
    kind: "randomProjection",
    from,
    to,
    seed,
    entries: kind,
  });
}

/** Result of {@link affineHull}. */
export interface AffineHullResult {
  /** Dimension of the affine hull. */
  dim: number;
  /** Orthonormal directions, shape `[d, dim]`; the tensor belongs to the caller. */
  basis: tf.Tensor2D;
  /** Mean of the points, shape `[d]`; the tensor belongs to the caller. */
  center: tf.Tensor1D;
  /** Singular values of the centred rows, descending. */
  singularValues: Float64Array;
}

/**
 * The smallest affine subspace that holds the points, by a singular value decomposition in double precision.
 *
 * @param points - Shape `[N, d]`; in memory.
 * @param options - `tolerance`: singular values up to this times the largest count as 0; 1e-9 by default, 1e-5 for
 *   points in single precision.
 */
export async function affineHull(
  points: Points,
  options: { /** See above. */ tolerance?: number } = {},
): Promise<AffineHullResult> {
  const rows = await openTraining("affineHull", points);
  const { n, d } = rows;
  const values = await readAll(rows);
  const mean = new Float64Array(d);
  for (let i = 0; i < n * d; i++) mean[i % d] = mean[i % d]! + values[i]! / n;
  const centred = values.map((value, i) => value - mean[i % d]!);
  for (const value of centred) {
    if (!Number.isFinite(value)) {
      throw new ShapeError(
        "affineHull: points hold values that are not finite; finite numbers were expected",
        {
          argument: "points",
          shape: [n, d],
        },
      );
    }
  }
  const { s, vt } = svdHost(centred, n, d);
  const tolerance = options.tolerance ?? (rows.dtype === "float32" ? 1e-5 : 1e-9);
  const dim = s.filter((value) => value > tolerance * s[0]!).length;
  const basis = new Float32Array(d * dim);
  for (let k = 0; k < dim; k++) for (let j = 0; j < d; j++) basis[j * dim + k] = vt[k * d + j]!;
  return {
    dim,
    basis: tf.tensor2d(basis, [d, dim]),
    center: tf.tensor1d(Float32Array.from(mean)),
    singularValues: s,
  };
}
