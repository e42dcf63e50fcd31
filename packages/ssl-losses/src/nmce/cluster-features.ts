import { checkAborted, checkInteger, checkNumber, checkRank, type Progress } from "@lab/core";
import { mlp, parameters } from "@lab/core/nn";
import { adamw, schedules } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import { codingRateReduction, idealRateReduction, type RateOptions } from "../coding-rate/index.js";
import { rowNormalize } from "../contrastive/row-normalize.js";
import { nmceLoss } from "./nmce-loss.js";

/** Options of {@link clusterFeatures}. */
export interface ClusterFeaturesOptions extends RateOptions {
  /** Number of clusters K. */
  numClusters: number;
  /** Dimension of the embedding in which clusters become subspaces; at least K. @defaultValue 2 K */
  dim?: number;
  /** Trainings from new heads; the one with the largest rate reduction wins. @defaultValue 3 */
  restarts?: number;
  /** Updates of each. @defaultValue 500 */
  steps?: number;
  /** Rows of a batch. @defaultValue 512, or all rows when there are fewer */
  batchSize?: number;
  /** Learning rate of Adam at the start of its cosine. @defaultValue 0.005 */
  learningRate?: number;
  /** Temperature of the relaxed memberships. @defaultValue 0.5 */
  gumbelTemperature?: number;
  /** Widths of the hidden layers of both heads. @defaultValue none */
  hidden?: readonly number[];
  /** Seed of weights, batches and noise. @defaultValue 0 */
  seed?: number;
  /** Stops the work between updates. */
  signal?: AbortSignal;
  /** Receives progress in updates over all restarts. */
  onProgress?: (progress: Progress) => void;
}

/** One restart. */
export interface Attempt {
  /** Its number, from 0. */
  restart: number;
  /** Rate reduction of its final hard clusters, in nats. */
  reduction: number;
  /** That over {@link idealRateReduction}; from 0.99 on the clusters can be believed. */
  reductionRatio: number;
}

/** Result of {@link clusterFeatures}. */
export interface ClusterFeaturesResult {
  /** Cluster of each row. */
  labels: Int32Array;
  /** Of the chosen attempt. */
  reductionRatio: number;
  /** Mean memberships without noise, `[n, K]`; the caller disposes it. */
  membership: tf.Tensor2D;
  /** All attempts, in order. */
  attempts: readonly Attempt[];
}

/**
 * Clusters frozen features by training a cluster head and a subspace head for the largest rate reduction.
 *
 * The second stage of neural manifold clustering, λ = 0. Among restarts the largest reduction wins; labels play no part.
 *
 * @param features - `[n, f]`, for instance embeddings trained with {@link totalCodingRate}.
 * @param options - See {@link ClusterFeaturesOptions}.
 * @returns See {@link ClusterFeaturesResult}.
 * @throws {@link ShapeError}, {@link ArgumentError} for wrong arguments; the signal's reason when aborted.
 * @see Li, Chen, LeCun, Sommer (2022), Neural manifold clustering and embedding, section 3.3.
 */
export async function clusterFeatures(
  features: tf.Tensor2D,
  options: ClusterFeaturesOptions,
): Promise<ClusterFeaturesResult> {
  const caller = "clusterFeatures";
  checkRank(caller, "features", features, 2);
  const [count, width] = features.shape;
  const numClusters = checkInteger(caller, "numClusters", options.numClusters, { min: 2, max: count });
  const dim = checkInteger(caller, "dim", options.dim ?? 2 * numClusters, { min: numClusters });
  const restarts = checkInteger(caller, "restarts", options.restarts ?? 3, { min: 1 });
  const steps = checkInteger(caller, "steps", options.steps ?? 500, { min: 1 });
  const batchSize = Math.min(count, checkInteger(caller, "batchSize", options.batchSize ?? 512, { min: 2 }));
  const learningRate = checkNumber(caller, "learningRate", options.learningRate ?? 5e-3, { above: 0 });
  const gumbelTemperature = options.gumbelTemperature ?? 0.5;
  const epsilonSquared = options.epsilonSquared ?? 0.2;
  const hidden = options.hidden ?? [];
  const ideal = idealRateReduction({ dim, numClusters, epsilonSquared });
  const attempts: Attempt[] = [];
  let best: { labels: Int32Array; membership: tf.Tensor2D; reductionRatio: number } | undefined;
  for (let restart = 0; restart < restarts; restart++) {
    checkAborted(options.signal);
    const generator = new Generator(options.seed ?? 0).split(restart);
    const noise = generator.split("noise");
    const rows = generator.split("rows");
    const cluster = mlp({ sizes: [width, ...hidden, numClusters], generator: generator.split("cluster") });
    const subspace = mlp({ sizes: [width, ...hidden, dim], generator: generator.split("subspace") });
    const variables = [...parameters(cluster).values(), ...parameters(subspace).values()] as tf.Variable[];
    const optimizer = adamw({ learningRate, weightDecay: 0 });
    try {
      await fit({
        batches: (step) => {
          const chosen = rows.split(step).permutation(count).subarray(0, batchSize);
          return tf.tidy(() => tf.gather(features, tf.tensor1d(chosen, "int32")));
        },
        step: (x: tf.Tensor2D) =>
          nmceLoss(
            { z: [subspace.apply(x) as tf.Tensor2D], logits: [cluster.apply(x) as tf.Tensor2D] },
            { ...options, epsilonSquared, constraint: 0, gumbelTemperature, generator: noise },
          ).total,
        steps,
        optimizer,
        variables,
        schedule: schedules.cosine({ base: learningRate, steps }),
        ...(options.signal ? { signal: options.signal } : {}),
        on: (event) => {
          if (event.type === "step")
            options.onProgress?.({ done: restart * steps + event.step, total: restarts * steps });
        },
      });
      const { membership, assigned, reduction } = tf.tidy(() => {
        const soft = tf.softmax(cluster.apply(features) as tf.Tensor2D) as tf.Tensor2D;
        const hard = tf.argMax(soft, 1) as tf.Tensor1D;
        const z = rowNormalize(subspace.apply(features) as tf.Tensor2D);
        const all = codingRateReduction(z, hard, { ...options, epsilonSquared, numClasses: numClusters });
        return { membership: soft, assigned: hard, reduction: all.reduction };
      });
      const value = (await reduction.data())[0]!;
      const labels = Int32Array.from(await assigned.data());
      tf.dispose([assigned, reduction]);
      const attempt = { restart, reduction: value, reductionRatio: value / ideal };
      attempts.push(attempt);
      if (!best || attempt.reductionRatio > best.reductionRatio) {
        best?.membership.dispose();
        best = { labels, membership, reductionRatio: attempt.reductionRatio };
      } else membership.dispose();
    } finally {
      optimizer.dispose();
      tf.dispose([...parameters(cluster, "all").values(), ...parameters(subspace, "all").values()]);
    }
  }
  return { ...best!, attempts };
}
