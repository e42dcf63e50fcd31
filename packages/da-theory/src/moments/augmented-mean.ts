import * as tf from "@tensorflow/tfjs-core";
import { MAX_NODES, type RuleOptions } from "../rules/rule.js";
import { checkRuleOptions, type ImageShape, type RandomTransform } from "../transforms/transform.js";
import { batchShapeOf } from "./augmented-moments.js";
import { breather, momentsOfImage } from "./host-moments.js";
import { applySparse, meanMatrix, type SparseMatrix } from "./mean-matrix.js";

/** Matrices of transforms that are still in use, by shape and rule. */
const matrices = new WeakMap<RandomTransform, Map<string, SparseMatrix>>();

/** Output pixels times nodes beyond which a matrix is not worth its memory. */
const MATRIX_LIMIT = 2 ** 25;

/**
 * Mean of every image of a batch under a random transform.
 *
 * @param images - Shape `[N, height, width, channels]`.
 * @param t - The transform.
 * @param options - See {@link RuleOptions}; rules with an error use 64 nodes unless `nodes` says otherwise.
 * @returns Shape of the transformed images, `[N, …]`; the caller disposes it.
 * @throws {@link ShapeError} when the images have another rank; {@link ArgumentError} when a rule is not available.
 * @remarks The mean of a warp is a sparse matrix that depends on the shape only: it is built once for a transform and kept.
 */
export async function augmentedMean(
  images: tf.Tensor4D,
  t: RandomTransform,
  options: RuleOptions = {},
): Promise<tf.Tensor4D> {
  const shape = batchShapeOf("augmentedMean", images);
  checkRuleOptions("augmentedMean", options);
  const count = images.shape[0];
  const outShape = t.outputShape(shape);
  const outSize = outShape[0] * outShape[1] * outShape[2];
  const values = await images.data();
  const pause = breather(options.signal);
  await pause();
  const matrix = matrixOf(t, shape, options);
  let means: Float32Array;
  if (matrix) means = applySparse(matrix, values, count, shape);
  else {
    const size = shape[0] * shape[1] * shape[2];
    means = new Float32Array(count * outSize);
    for (let n = 0; n < count; n++) {
      await pause();
      const image = Float64Array.from(values.subarray(n * size, (n + 1) * size));
      const own =
        (options.method ?? "auto") !== "lattice" && t.definition.meanHost
          ? await t.definition.meanHost(image, shape, options)
          : (await momentsOfImage(image, shape, t, options)).mean;
      means.set(own, n * outSize);
      options.onProgress?.({ done: n + 1, total: count, message: t.name });
    }
  }
  return tf.tensor4d(means, [count, ...outShape]);
}

function matrixOf(t: RandomTransform, shape: ImageShape, options: RuleOptions): SparseMatrix | undefined {
  const { definition } = t;
  if (!definition.warp || definition.meanHost) return undefined;
  const { method = "auto", nodes = 64, maxNodes = MAX_NODES } = options;
  const key = JSON.stringify([shape, method, nodes, maxNodes, options.generator?.state()]);
  let own = matrices.get(t);
  const known = own?.get(key);
  if (known) return known;
  const rule = t.rule(shape, { ...options, ...(method === "auto" && { nodes }) });
  const [height, width] = t.outputShape(shape);
  if (rule.count * height * width > MATRIX_LIMIT) return undefined;
  const matrix = meanMatrix(t, rule, shape);
  if (!own) {
    own = new Map();
    matrices.set(t, own);
  }
  own.set(key, matrix);
  return matrix;
}
