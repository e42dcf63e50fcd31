import { ArgumentError, checkInteger, checkNumber, type Progress } from "@lab/core";
import type { Dataset } from "@lab/core/data";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { RateOptions } from "../coding-rate/index.js";
import type { ClusterFeaturesResult, HeadsOptions } from "../nmce/cluster-features.js";
import { checkHeads } from "../nmce/cluster-features.js";
import type { HeadsPlan } from "../nmce/heads.js";
import { columnsOf } from "../pretraining/check-pretrain.js";
import { checkData, type Sample, type ViewMaker } from "../pretraining/view-source.js";

/** Options of {@link clusterManifolds}. */
export interface ClusterManifoldsOptions extends RateOptions {
  /** Samples with random access; labels are not read. */
  data: Dataset<Sample>;
  /** Makes a view of a batch: what it leaves alone is what a cluster has in common. @defaultValue as in {@link pretrain} */
  augment?: ViewMaker | readonly [first: ViewMaker, second: ViewMaker];
  /** From a batch of samples to features `[batch, features]`; trained in place. */
  backbone: LayersModel;
  /**
   * Number of clusters K, or `"unknown"`: the largest of `candidates` whose rate reduction reaches 0.99 of the ideal, or
   * else the one that comes nearest.
   */
  numClusters: number | "unknown";
  /** Numbers of clusters that are tried when it is unknown, ascending. @defaultValue 2 to 10 */
  candidates?: readonly number[];
  /** Weight λ of the agreement of views. @defaultValue 30 */
  constraint?: number;
  /** First stage: the total coding rate trains the backbone through a linear layer. */
  embedding?: {
    /** Passes over the data; 0 leaves the backbone as it is. @defaultValue 100 */
    epochs?: number;
    /** Samples of a batch. @defaultValue 512, or all when there are fewer */
    batchSize?: number;
    /** Learning rate of Adam at the start of its cosine. @defaultValue 0.001 */
    learningRate?: number;
    /** Columns of the embedding. @defaultValue twice the largest number of clusters */
    dim?: number;
  };
  /** Second stage: heads on views through the frozen backbone. */
  heads?: HeadsOptions;
  /** Most trainings of the heads; the largest rate reduction wins. @defaultValue 3 */
  restarts?: number;
  /** Third stage: backbone and best heads together. */
  finetune?: {
    /** Updates; 0 leaves the stage out. @defaultValue 0 */
    steps?: number;
    /** Learning rate of Adam at the start of its cosine. @defaultValue 0.0001 */
    learningRate?: number;
  };
  /** File of the checkpoint of the first stage, the longest. @defaultValue none */
  checkpoint?: string;
  /** Seed of batches, views, heads and noise. */
  seed: number;
  /** Stops the work between updates. */
  signal?: AbortSignal;
  /** Receives progress, with the stage as its message. */
  onProgress?: (progress: Progress) => void;
}

/** Result of {@link clusterManifolds}. */
export interface ClusterManifoldsResult extends ClusterFeaturesResult {
  /** Number of clusters that was given or chosen. */
  numClusters: number;
}

/** Checked options. */
export interface CheckedManifolds {
  length: number;
  /** Columns of the features. */
  width: number;
  rate: RateOptions & { epsilonSquared: number };
  constraint: number;
  restarts: number;
  plans: readonly HeadsPlan[];
  embedding: { epochs: number; batchSize: number; learningRate: number; dim: number };
  headBatch: number;
  finetune: { steps: number; learningRate: number };
}

/** Refuses options that cannot work. */
export function checkManifolds(options: ClusterManifoldsOptions): CheckedManifolds {
  const caller = "clusterManifolds";
  const { length } = checkData(caller, options.data, 2);
  const { numClusters, signal, embedding = {}, heads = {}, finetune = {} } = options;
  const candidates =
    numClusters === "unknown" ? (options.candidates ?? [2, 3, 4, 5, 6, 7, 8, 9, 10]) : [numClusters];
  if (candidates.length === 0) {
    throw new ArgumentError(`${caller}: candidates is empty; at least one number of clusters was expected`, {
      argument: "candidates",
      value: candidates,
    });
  }
  checkInteger(caller, "seed", options.seed, { min: 0 });
  const rate = {
    epsilonSquared: checkNumber(caller, "epsilonSquared", options.epsilonSquared ?? 0.2, { above: 0 }),
    ...(options.method ? { method: options.method } : {}),
  };
  const plans = candidates.map((count) =>
    checkHeads(
      caller,
      {
        ...heads,
        ...rate,
        numClusters: count,
        ...(signal ? { signal } : {}),
      },
      length,
    ),
  );
  const whole = (name: string, value: number, min: number) => checkInteger(caller, name, value, { min });
  const positive = (name: string, value: number) => checkNumber(caller, name, value, { above: 0 });
  return {
    length,
    width: columnsOf(caller, "backbone", options.backbone),
    rate,
    constraint: checkNumber(caller, "constraint", options.constraint ?? 30, { min: 0 }),
    restarts: whole("restarts", options.restarts ?? 3, 1),
    plans,
    embedding: {
      epochs: whole("embedding.epochs", embedding.epochs ?? 100, 0),
      batchSize: Math.min(length, whole("embedding.batchSize", embedding.batchSize ?? 512, 2)),
      learningRate: positive("embedding.learningRate", embedding.learningRate ?? 1e-3),
      dim: whole("embedding.dim", embedding.dim ?? 2 * Math.max(...candidates), 1),
    },
    headBatch: Math.min(length, whole("heads.batchSize", heads.batchSize ?? 512, 2)),
    finetune: {
      steps: whole("finetune.steps", finetune.steps ?? 0, 0),
      learningRate: positive("finetune.learningRate", finetune.learningRate ?? 1e-4),
    },
  };
}
