import { checkAborted, checkInteger, checkNumber, checkRank, type Progress } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { idealRateReduction, type RateOptions } from "../coding-rate/index.js";
import {
  disposeHeads,
  type Heads,
  type HeadsPlan,
  type Judgement,
  judgeHeads,
  makeHeads,
  trainHeads,
} from "./heads.js";

/**
 * Whether a rate reduction is that of equal clusters on orthogonal subspaces, by its ratio to {@link idealRateReduction}. On the
 * double spiral heads with hidden layers reached 0.995 with wrong clusters, and more than 1 by cutting unequally.
 */
export const isBelieved = (reductionRatio: number): boolean =>
  reductionRatio >= 0.998 && reductionRatio <= 1.001;

/** Options of the heads that cluster. */
export interface HeadsOptions {
  /** Dimension of the embedding in which clusters become subspaces; at least K. @defaultValue 2 K */
  dim?: number;
  /** Updates of each training. @defaultValue 500 */
  steps?: number;
  /** Rows of a batch. @defaultValue 512, or all rows when there are fewer */
  batchSize?: number;
  /** Learning rate of Adam at the start of its cosine. @defaultValue 0.005 */
  learningRate?: number;
  /** Temperature of the relaxed memberships. @defaultValue 0.5 */
  gumbelTemperature?: number;
  /** Widths of the hidden layers of both heads. @defaultValue none */
  hidden?: readonly number[];
}

/** Options of {@link clusterFeatures}. */
export interface ClusterFeaturesOptions extends HeadsOptions, RateOptions {
  /** Number of clusters K. */
  numClusters: number;
  /**
   * Most trainings from new heads; the one with the largest rate reduction wins, and the first that reaches 0.998 to 1.001 of
   * {@link idealRateReduction} ends them and wins. @defaultValue 3
   */
  restarts?: number;
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
  /**
   * That over {@link idealRateReduction}. From 0.998 to 1.001 clusters can be believed, if views differ; above, they are of
   * unequal size, for which the ideal is no bound.
   */
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
  const plan = checkHeads(caller, options, count);
  const batchSize = Math.min(count, checkInteger(caller, "batchSize", options.batchSize ?? 512, { min: 2 }));
  const found = await bestHeads({
    plan,
    width,
    restarts: checkInteger(caller, "restarts", options.restarts ?? 3, { min: 1 }),
    generator: new Generator(options.seed ?? 0),
    features,
    batches: (step, generator) => {
      const chosen = generator.split("rows").split(step).permutation(count).subarray(0, batchSize);
      return [tf.tidy(() => tf.gather(features, tf.tensor1d(chosen, "int32")))];
    },
    onProgress: options.onProgress,
  });
  disposeHeads(found.heads);
  const { labels, reductionRatio, membership, attempts } = found;
  return { labels, reductionRatio, membership, attempts };
}

/** Checked options of heads. */
export function checkHeads(
  caller: string,
  options: HeadsOptions & RateOptions & { numClusters: number; signal?: AbortSignal },
  count: number,
): HeadsPlan {
  const numClusters = checkInteger(caller, "numClusters", options.numClusters, { min: 2, max: count });
  return {
    numClusters,
    dim: checkInteger(caller, "dim", options.dim ?? 2 * numClusters, { min: numClusters }),
    epsilonSquared: checkNumber(caller, "epsilonSquared", options.epsilonSquared ?? 0.2, { above: 0 }),
    ...(options.method ? { method: options.method } : {}),
    hidden: options.hidden ?? [],
    steps: checkInteger(caller, "steps", options.steps ?? 500, { min: 1 }),
    learningRate: checkNumber(caller, "learningRate", options.learningRate ?? 5e-3, { above: 0 }),
    gumbelTemperature: checkNumber(caller, "gumbelTemperature", options.gumbelTemperature ?? 0.5, {
      above: 0,
    }),
    ...(options.signal ? { signal: options.signal } : {}),
  };
}

interface BestHeadsOptions {
  plan: HeadsPlan;
  width: number;
  restarts: number;
  generator: Generator;
  /** Features that are judged. */
  features: tf.Tensor2D;
  batches: (step: number, generator: Generator) => tf.Tensor2D[] | Promise<tf.Tensor2D[]>;
  onProgress: ((progress: Progress) => void) | undefined;
}

/** Result of {@link bestHeads}. */
export interface BestHeads extends ClusterFeaturesResult {
  heads: Heads;
}

/** Frees what belongs to a result. */
export function forgetHeads({ heads, membership }: Pick<BestHeads, "heads" | "membership">): void {
  disposeHeads(heads);
  membership.dispose();
}

/** Trains heads anew until a rate reduction can be believed; answers the best, whose heads belong to the caller. */
export async function bestHeads(options: BestHeadsOptions): Promise<BestHeads> {
  const { plan, width, restarts, features, batches } = options;
  const ideal = idealRateReduction(plan);
  const attempts: Attempt[] = [];
  let best: (Judgement & { heads: Heads; reductionRatio: number }) | undefined;
  for (let restart = 0; restart < restarts; restart++) {
    const generator = options.generator.split(restart);
    const heads = makeHeads(plan, width, generator);
    try {
      checkAborted(plan.signal);
      const total = restarts * plan.steps;
      await trainHeads(
        heads,
        plan,
        (step) => batches(step, generator),
        generator,
        (step) => options.onProgress?.({ done: restart * plan.steps + step, total }),
      );
      const judged = await judgeHeads(heads, features, plan);
      const reductionRatio = judged.reduction / ideal;
      attempts.push({ restart, reduction: judged.reduction, reductionRatio });
      if (best && !isBelieved(reductionRatio) && reductionRatio <= best.reductionRatio) {
        judged.membership.dispose();
        disposeHeads(heads);
      } else {
        if (best) forgetHeads(best);
        best = { ...judged, heads, reductionRatio };
      }
    } catch (error) {
      disposeHeads(heads);
      if (best) forgetHeads(best);
      throw error;
    }
    if (isBelieved(best.reductionRatio)) break;
  }
  const { labels, membership, reductionRatio, heads } = best!;
  return { labels, membership, reductionRatio, heads, attempts };
}
