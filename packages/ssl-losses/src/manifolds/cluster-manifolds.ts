import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { idealRateReduction } from "../coding-rate/index.js";
import { type BestHeads, bestHeads, forgetHeads, isBelieved } from "../nmce/cluster-features.js";
import { disposeHeads, type HeadsPlan, judgeHeads } from "../nmce/heads.js";
import { encodeDataset } from "../pretraining/index.js";
import {
  type CheckedManifolds,
  type ClusterManifoldsOptions,
  type ClusterManifoldsResult,
  checkManifolds,
} from "./options.js";
import { embedManifolds, finetuneManifolds, type ViewSource, viewSource } from "./stages.js";

/**
 * Neural manifold clustering: trains a backbone by the total coding rate under augmentation, then heads that split its features
 * into orthogonal subspaces, then, on request, all together.
 *
 * No labels are used: restarts and an unknown number of clusters are decided by $\Delta R/\Delta R^*$.
 *
 * @param options - See {@link ClusterManifoldsOptions}.
 * @returns See {@link ClusterManifoldsResult}; a `reductionRatio` from 0.998 to 1.001 can be believed.
 * @throws {@link ArgumentError}, {@link ShapeError} for options that cannot work; {@link NumericalError} when a loss is not
 *   finite; the signal's reason when aborted.
 * @remarks Differs from the paper in: both heads are trained by Adam at one rate, and the third stage is off unless asked for.
 * @see Li, Chen, LeCun, Sommer (2022), Neural manifold clustering and embedding, section 3.3 and released code.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { mlp } from "@lab/core/nn";
 * import { Generator } from "@lab/core/random";
 * import { arrayDataset, clusterManifolds } from "@lab/ssl-losses";
 *
 * await init();
 * const values = new Generator(1).normal64(60).map((v, i) => (i % 4 < 2 ? 4 : -4) * ((i % 2) * 2 - 1) + 0.3 * v);
 * const { labels, membership } = await clusterManifolds({
 *   data: arrayDataset(Float32Array.from(values), [30, 2]), // two clouds, taking turns
 *   augment: (x, generator) => tf.add(x, generator.normal(x.shape, 0, 0.1)),
 *   backbone: mlp({ sizes: [2, 16] }),
 *   numClusters: 2,
 *   embedding: { epochs: 0 },
 *   heads: { steps: 40 },
 *   restarts: 1,
 *   seed: 1,
 * });
 * labels[0] !== labels[1] && labels[0] === labels[2]; // => true
 * membership.shape; // => [30, 2]
 * ```
 */
export async function clusterManifolds(options: ClusterManifoldsOptions): Promise<ClusterManifoldsResult> {
  const checked = checkManifolds(options);
  await embedManifolds(options, checked);
  const views = viewSource(options, checked.length, checked.headBatch);
  const { plan, ...found } = await bestOfCandidates(options, checked, views);
  const { heads, ...result } = found;
  try {
    if (checked.finetune.steps === 0) return { ...result, numClusters: plan.numClusters };
    result.membership.dispose();
    await finetuneManifolds(options, checked, heads, plan, views);
    const { x } = await encodeDataset(options.backbone, options.data);
    const judged = await judgeHeads(heads, x, plan);
    x.dispose();
    const { labels, membership, reduction } = judged;
    const reductionRatio = reduction / idealRateReduction(plan);
    const attempts = [...result.attempts, { restart: result.attempts.length, reduction, reductionRatio }];
    return { labels, membership, reductionRatio, attempts, numClusters: plan.numClusters };
  } finally {
    disposeHeads(heads);
  }
}

/** Second stage: the best heads of every number of clusters, and of these the best. */
async function bestOfCandidates(
  options: ClusterManifoldsOptions,
  checked: CheckedManifolds,
  views: ViewSource,
): Promise<BestHeads & { plan: HeadsPlan }> {
  const { backbone, data, seed, signal, onProgress } = options;
  const { x: features } = await encodeDataset(backbone, data, signal ? { signal } : {});
  let best: (BestHeads & { plan: HeadsPlan }) | undefined;
  try {
    for (const plan of checked.plans) {
      const found = await bestHeads({
        plan,
        width: checked.width,
        restarts: checked.restarts,
        generator: new Generator(seed).split(`heads ${plan.numClusters}`),
        features,
        batches: async (step, generator) => {
          const pair = await views(step, generator);
          const encoded = pair.map((view) => tf.tidy(() => backbone.apply(view) as tf.Tensor2D));
          tf.dispose(pair);
          return encoded;
        },
        onProgress: (progress) => onProgress?.({ ...progress, message: `${plan.numClusters} clusters` }),
      });
      const isBetter =
        !best || isBelieved(found.reductionRatio) || found.reductionRatio > best.reductionRatio;
      if (isBetter && best) forgetHeads(best);
      if (isBetter) best = { ...found, plan };
      else forgetHeads(found);
    }
    return best!;
  } catch (error) {
    if (best) forgetHeads(best);
    throw error;
  } finally {
    features.dispose();
  }
}
