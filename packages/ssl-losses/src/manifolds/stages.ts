import { parameters } from "@lab/core/nn";
import { adamw, schedules } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import { type Heads, type HeadsPlan, headsLoss, headVariables } from "../nmce/heads.js";
import { viewMakers } from "../pretraining/check-pretrain.js";
import { pretrain, projector } from "../pretraining/index.js";
import { batchIndices, gatherSamples, type ViewMaker } from "../pretraining/view-source.js";
import type { CheckedManifolds, ClusterManifoldsOptions } from "./options.js";

/** First stage: the total coding rate through a linear layer, which is then thrown away. */
export async function embedManifolds(
  options: ClusterManifoldsOptions,
  { embedding, length, width, rate, constraint }: CheckedManifolds,
): Promise<void> {
  const { data, backbone, augment, seed, signal, checkpoint, onProgress } = options;
  const { epochs, batchSize, learningRate, dim } = embedding;
  if (epochs === 0) return;
  const steps = epochs * Math.floor(length / batchSize);
  const generator = new Generator(seed).split("embedding");
  const head = projector({ kind: "linear", inputs: width, outputs: dim, generator });
  const optimizer = adamw({ learningRate, weightDecay: 0 });
  try {
    await pretrain({
      method: "tcr",
      backbone,
      projector: head,
      settings: { epsilonSquared: rate.epsilonSquared, constraint },
      data,
      batchSize,
      epochs,
      optimizer,
      schedule: schedules.cosine({ base: learningRate, steps }),
      monitor: { every: steps },
      seed,
      ...(augment ? { augment } : {}),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(signal ? { signal } : {}),
      on: ({ type, step }) => {
        if (type === "step") onProgress?.({ done: step, total: steps, message: "embedding" });
      },
    });
  } finally {
    optimizer.dispose();
    tf.dispose([...parameters(head, "all").values()]);
  }
}

/** Gives two views of a batch of a step; they belong to the caller. */
export type ViewSource = (step: number, generator: Generator) => Promise<[tf.Tensor, tf.Tensor]>;

/** Views of batches in a new order each epoch. */
export function viewSource(options: ClusterManifoldsOptions, length: number, batchSize: number): ViewSource {
  let makers: readonly [ViewMaker, ViewMaker] | undefined;
  return async (step, generator) => {
    const indices = batchIndices(length, batchSize, generator.split("rows"))(step);
    const samples = await gatherSamples(options.data, indices);
    try {
      makers ??= viewMakers(options.augment, samples.shape.slice(1));
      const branch = generator.split("views").split(step);
      const [first, second] = makers.map((make, i) => tf.tidy(() => make(samples, branch.split(i))));
      return [first!, second!];
    } finally {
      samples.dispose();
    }
  };
}

/** Third stage: the whole loss trains backbone and heads together. */
export async function finetuneManifolds(
  options: ClusterManifoldsOptions,
  { finetune, constraint }: CheckedManifolds,
  heads: Heads,
  plan: HeadsPlan,
  views: ViewSource,
): Promise<void> {
  const { backbone, seed, signal, onProgress } = options;
  const { steps, learningRate } = finetune;
  const generator = new Generator(seed).split("finetune");
  const optimizer = adamw({ learningRate, weightDecay: 0 });
  try {
    await fit<[tf.Tensor, tf.Tensor]>({
      batches: (step) => views(step, generator),
      step: (pair, step) => {
        const both = backbone.apply(tf.concat(pair, 0), { training: true }) as tf.Tensor2D;
        const noise = generator.split("noise").split(step);
        return headsLoss(heads, tf.split(both, 2) as tf.Tensor2D[], plan, constraint, noise);
      },
      steps,
      optimizer,
      variables: new Map<string, tf.Tensor>([...headVariables(heads), ...parameters(backbone, "all")]),
      schedule: schedules.cosine({ base: learningRate, steps }),
      ...(signal ? { signal } : {}),
      on: ({ type, step }) => {
        if (type === "step") onProgress?.({ done: step, total: steps, message: "all together" });
      },
    });
  } finally {
    optimizer.dispose();
  }
}
