import {
  ArgumentError,
  checkAborted,
  checkInteger,
  checkNumber,
  checkRank,
  type Progress,
  yieldToEvents,
} from "@lab/core";
import { lobpcg } from "@lab/core/linalg";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { normalisedAffinity, strongest } from "./affinity.js";
import { elasticNetCode, type SparseCode } from "./elastic-net-code.js";
import { kMeans } from "./k-means.js";

/** Options of {@link elasticNetClusters}. */
export interface ElasticNetClustersOptions {
  /** Number of clusters K. */
  numClusters: number;
  /** How many times weaker the penalty of a row's code is than the weakest that leaves nothing of it. @defaultValue 400 */
  gamma?: number;
  /**
   * Share τ of absolute values in the penalty, above 0; the rest are squares. 1 is sparse subspace clustering.
   * @defaultValue 1
   */
  tau?: number;
  /** Most coefficients of a code that are kept, the largest. @defaultValue 50 */
  mostNonzero?: number;
  /** Starts of k-means on the spectral embedding. @defaultValue 20 */
  restarts?: number;
  /** Seed of the eigenvectors' start and of k-means. @defaultValue 0 */
  seed?: number;
  /** Stops the work between rows. */
  signal?: AbortSignal;
  /** Receives progress in rows. */
  onProgress?: (progress: Progress) => void;
}

/** Result of {@link elasticNetClusters}. */
export interface ElasticNetClustersResult {
  /** Cluster of each row. */
  labels: Int32Array;
  /** Mean number of other rows in a code. */
  neighbours: number;
}

/** Milliseconds of work between looks at the signal. */
const BREATH = 50;

/**
 * Elastic-net subspace clustering: rows that can be written by few of each other belong together.
 *
 * Every row is coded by the others,
 * $\min_{c_j} \tau \lVert c_j \rVert_1 + \tfrac{1-\tau}{2} \lVert c_j \rVert_2^2 + \tfrac{1}{2\alpha_j} \lVert x_j - c_j X \rVert^2$ with
 * $c_{jj} = 0$ and $\alpha_j = \max_i |x_i^\top x_j| / (\tau\gamma)$; the codes, brought to norm 1, are the affinity
 * $\tfrac12(|C| + |C|^\top)$ of a normalised spectral clustering.
 *
 * @param z - Embeddings in a union of subspaces, `[n, d]`, for instance of a network trained with {@link totalCodingRate}.
 * @param options - See {@link ElasticNetClustersOptions}.
 * @returns See {@link ElasticNetClustersResult}.
 * @throws {@link ShapeError}, {@link ArgumentError} for wrong arguments, also for a row that is not finite;
 *   {@link NumericalError} when the eigenvectors are not found; the signal's reason when aborted.
 * @remarks On the host in double precision, `n² d` at least. This is how manifold clustering reads its embeddings of COIL-20
 *   (γ = 400, τ = 1) and COIL-100 (γ = 200, τ = 0.5).
 * @see You, Li, Robinson, Vidal (2016), Oracle based active set algorithm for scalable elastic net subspace clustering;
 *   Li et al. (2022), Neural manifold clustering and embedding, released code.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { elasticNetClusters } from "@lab/ssl-losses";
 *
 * await init();
 * const angles = [0.1, 0.7, 1.2, 1.9, 2.5, 2.9]; // two planes of a space of four dimensions, taking turns
 * const z = tf.tensor2d(
 *   angles.flatMap((t) => [Math.cos(t), Math.sin(t), 0, 0, 0, 0, Math.cos(t), Math.sin(t)]),
 *   [12, 4],
 * );
 * const { labels } = await elasticNetClusters(z, { numClusters: 2 });
 * [...labels].every((label, i) => label === labels[i % 2]); // => true
 * labels[0] === labels[1]; // => false
 * ```
 */
export async function elasticNetClusters(
  z: tf.Tensor2D,
  options: ElasticNetClustersOptions,
): Promise<ElasticNetClustersResult> {
  const caller = "elasticNetClusters";
  checkRank(caller, "z", z, 2);
  const [count, dim] = z.shape;
  const whole = (name: string, value: number, min: number, max?: number) =>
    checkInteger(caller, name, value, { min, ...(max === undefined ? {} : { max }) });
  const numClusters = whole("numClusters", options.numClusters, 2, count - 1);
  const gamma = checkNumber(caller, "gamma", options.gamma ?? 400, { above: 1 });
  const tau = checkNumber(caller, "tau", options.tau ?? 1, { above: 0, max: 1 });
  const most = whole("mostNonzero", options.mostNonzero ?? 50, 1);
  const restarts = whole("restarts", options.restarts ?? 20, 1);
  const generator = new Generator(whole("seed", options.seed ?? 0, 0));
  const { signal, onProgress } = options;
  const x = Float64Array.from(await z.data());
  const bad = x.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new ArgumentError(
      `${caller}: z contains ${x[bad]} in row ${Math.floor(bad / dim)}; finite numbers were expected`,
      { argument: "z", value: x[bad] },
    );
  }
  const codes: SparseCode[] = [];
  let last = performance.now();
  for (let row = 0; row < count; row++) {
    if (performance.now() - last > BREATH) {
      onProgress?.({ done: row, total: count, message: "codes" });
      await yieldToEvents();
      last = performance.now();
    }
    checkAborted(signal);
    codes.push(strongest(elasticNetCode({ x, count, dim, tau, gamma }, row), most));
  }
  const affinity = normalisedAffinity(codes);
  try {
    const { values, vectors } = await lobpcg(affinity, {
      k: numClusters,
      tolerance: 1e-4,
      maxIterations: 1000,
      generator: generator.split("eigenvectors"),
      ...(signal ? { signal } : {}),
    });
    const embedding = Float64Array.from(await vectors.data());
    tf.dispose([values, vectors]);
    normaliseRows(embedding, numClusters);
    const labels = kMeans(embedding, numClusters, numClusters, generator.split("k-means"), restarts);
    const neighbours = codes.reduce((sum, { indices }) => sum + indices.length, 0) / count;
    return { labels, neighbours };
  } finally {
    affinity.dispose();
  }
}

function normaliseRows(x: Float64Array, width: number): void {
  for (let at = 0; at < x.length; at += width) {
    const row = x.subarray(at, at + width);
    const norm = Math.hypot(...row);
    if (norm > 0) for (let k = 0; k < width; k++) row[k]! /= norm;
  }
}
