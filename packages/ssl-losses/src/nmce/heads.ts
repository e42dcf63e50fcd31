import { mlp, parameters } from "@lab/core/nn";
import { adamw, schedules } from "@lab/core/optim";
import type { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { codingRateReduction, type RateOptions } from "../coding-rate/index.js";
import { rowNormalize } from "../contrastive/row-normalize.js";
import { nmceLoss } from "./nmce-loss.js";

/** A cluster head and a subspace head on the same features. */
export interface Heads {
  cluster: LayersModel;
  subspace: LayersModel;
}

/** What {@link trainHeads} needs; all checked. */
export interface HeadsPlan extends RateOptions {
  epsilonSquared: number;
  numClusters: number;
  dim: number;
  hidden: readonly number[];
  steps: number;
  learningRate: number;
  gumbelTemperature: number;
  signal?: AbortSignal;
}

/** New heads for features of some width. */
export function makeHeads(plan: HeadsPlan, width: number, generator: Generator): Heads {
  const head = (name: string, outputs: number) =>
    mlp({ sizes: [width, ...plan.hidden, outputs], generator: generator.split(name) });
  return { cluster: head("cluster", plan.numClusters), subspace: head("subspace", plan.dim) };
}

/** Variables of heads by name. */
export function headVariables({ cluster, subspace }: Heads): Map<string, tf.Variable> {
  const named = Object.entries({ cluster, subspace }).flatMap(([kind, model]) =>
    [...parameters(model, "all")].map(([name, value]) => [`${kind}/${name}`, value as tf.Variable] as const),
  );
  return new Map(named);
}

/** Frees heads. */
export function disposeHeads(heads: Heads): void {
  tf.dispose([...headVariables(heads).values()]);
}

/** Loss of the heads on the features of some views of a batch. */
export function headsLoss(
  { cluster, subspace }: Heads,
  views: readonly tf.Tensor2D[],
  plan: HeadsPlan,
  constraint: number,
  generator: Generator,
): tf.Scalar {
  return nmceLoss(
    {
      z: views.map((x) => subspace.apply(x) as tf.Tensor2D),
      logits: views.map((x) => cluster.apply(x) as tf.Tensor2D),
    },
    { ...plan, constraint, generator },
  ).total;
}

/** Trains heads for the largest rate reduction; `batches` gives the features of each view of a batch. */
export async function trainHeads(
  heads: Heads,
  plan: HeadsPlan,
  batches: (step: number) => tf.Tensor2D[] | Promise<tf.Tensor2D[]>,
  generator: Generator,
  onStep: (step: number) => void,
): Promise<void> {
  const { steps, learningRate, signal } = plan;
  const optimizer = adamw({ learningRate, weightDecay: 0 });
  try {
    await fit<tf.Tensor2D[]>({
      batches,
      step: (views, step) => headsLoss(heads, views, plan, 0, generator.split("noise").split(step)),
      steps,
      optimizer,
      variables: headVariables(heads),
      schedule: schedules.cosine({ base: learningRate, steps }),
      ...(signal ? { signal } : {}),
      on: (event) => {
        if (event.type === "step") onStep(event.step);
      },
    });
  } finally {
    optimizer.dispose();
  }
}

/** Clusters that heads find in features. */
export interface Judgement {
  labels: Int32Array;
  membership: tf.Tensor2D;
  /** Rate reduction of the hard clusters, in nats. */
  reduction: number;
}

/** Hard clusters of heads and their rate reduction. */
export async function judgeHeads(
  { cluster, subspace }: Heads,
  features: tf.Tensor2D,
  plan: HeadsPlan,
): Promise<Judgement> {
  const { membership, assigned, reduction } = tf.tidy(() => {
    const soft = tf.softmax(cluster.apply(features) as tf.Tensor2D) as tf.Tensor2D;
    const hard = tf.argMax(soft, 1) as tf.Tensor1D;
    const z = rowNormalize(subspace.apply(features) as tf.Tensor2D);
    const all = codingRateReduction(z, hard, { ...plan, numClasses: plan.numClusters });
    return { membership: soft, assigned: hard, reduction: all.reduction };
  });
  const [[value], labels] = await Promise.all([reduction.data(), assigned.data()]);
  tf.dispose([assigned, reduction]);
  return { labels: Int32Array.from(labels), membership, reduction: value! };
}
