import { assign, mlp, type ParameterSet, parameters } from "@lab/core/nn";
import { schedules, sgd } from "@lab/core/optim";
import type { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { isotropic } from "../baselines/index.js";
import type { GaussianPrior } from "../gaussian/index.js";
import { withPrior } from "../objective/index.js";
import type { Prior } from "../prior.js";
import { SwagCollector } from "../swag/index.js";
import { type Batch, batchesOf, type Rows } from "./images.js";

/** Layer that is new for every downstream task. */
const HEAD = "4/";
const NUM_CLASSES = 10;
/** Pictures in a batch of the source task. */
export const SOURCE_BATCH = 128;

/** The network of the protocol: two hidden layers and a linear head. */
export function network(dim: number, generator: Generator, outputs = NUM_CLASSES): LayersModel {
  return mlp({ sizes: [dim, 100, 64, outputs], generator });
}

/** Parameters below the head. */
export const backboneOf = (model: LayersModel): ParameterSet =>
  parameters(model, (name) => !name.startsWith(HEAD));
/** Parameters of the head. */
export const headOf = (model: LayersModel): ParameterSet =>
  parameters(model, (name) => name.startsWith(HEAD));

/** Mean softmax cross-entropy of a batch in nats. */
export function crossEntropy(model: LayersModel, { x, y }: Batch): tf.Scalar {
  return tf.tidy(() => {
    const logits = model.apply(x, { training: true }) as tf.Tensor2D;
    const picked = tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(y, NUM_CLASSES)), 1);
    return tf.neg(tf.mean(picked)) as tf.Scalar;
  });
}

/** Accuracy in percent and mean negative log likelihood in nats. */
export async function evaluate(model: LayersModel, rows: Rows): Promise<{ accuracy: number; nll: number }> {
  const size = 1000;
  let [correct, nll] = [0, 0];
  for (let start = 0; start < rows.count; start += size) {
    const end = Math.min(rows.count, start + size);
    const figures = tf.tidy(() => {
      const x = tf.tensor2d(rows.x.subarray(start * rows.dim, end * rows.dim), [end - start, rows.dim]);
      const y = tf.tensor1d(rows.labels.subarray(start, end), "int32");
      const logits = model.apply(x, { training: false }) as tf.Tensor2D;
      const picked = tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(y, NUM_CLASSES)));
      const hits = tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), y), "float32"));
      return tf.stack([hits, picked]);
    });
    const [hits, picked] = await figures.data();
    figures.dispose();
    correct += hits!;
    nll -= picked!;
  }
  return { accuracy: (100 * correct) / rows.count, nll: nll / rows.count };
}

/** How the source task is trained. */
export interface SourceSettings {
  steps: number;
  /** Collections after the steps. */
  collections: number;
  /** Updates between two of them. */
  every: number;
  /** Deviations kept. */
  rank: number;
}

/** What the source task learns by. */
export interface SourceTask<B extends object> {
  /** The batch of a step. */
  batches: (step: number) => B;
  /** Loss of a batch. */
  loss: (model: LayersModel, batch: B) => tf.Scalar;
}

/** The source task with labels. */
export const labelled = (rows: Rows, generator: Generator): SourceTask<Batch> => ({
  batches: batchesOf(rows, SOURCE_BATCH, generator),
  loss: crossEntropy,
});

interface Hooks {
  signal: AbortSignal;
  on?: (step: number, total: number) => void;
}

/** Trains the source task and collects its posterior. */
export async function trainSource<B extends object>(
  model: LayersModel,
  task: SourceTask<B>,
  settings: SourceSettings,
  hooks: Hooks,
): Promise<GaussianPrior> {
  const total = settings.steps + settings.every * settings.collections;
  const collector = new SwagCollector(model, {
    select: (name) => !name.startsWith(HEAD),
    rank: settings.rank,
    start: settings.steps,
    every: settings.every,
  });
  const optimizer = sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 1e-4, decoupled: false });
  try {
    await fit({
      step: (batch: B) => task.loss(model, batch),
      batches: task.batches,
      steps: total,
      optimizer,
      variables: parameters(model),
      schedule: (t) => (t < settings.steps ? 0.05 : 0.02),
      signal: hooks.signal,
      on: async (event) => {
        await collector.callback(event);
        if (event.type === "step") hooks.on?.(event.step, total);
      },
    });
    return collector.prior();
  } finally {
    collector.dispose();
    optimizer.dispose();
  }
}

/** How every downstream task is trained. */
export const DOWNSTREAM = { learningRate: 0.02, momentum: 0.9 } as const;

/** One way to train the downstream task. */
export interface Arm {
  /** Prior of the backbone; none is plain fine-tuning. */
  prior: Prior | undefined;
  /** Where the backbone starts; none is from scratch. */
  start: ParameterSet | undefined;
}

/** Trains the downstream task from the same head, batches and learning rates in every arm; answers whether it diverged. */
export async function trainDownstream(
  model: LayersModel,
  rows: Rows,
  arm: Arm,
  steps: number,
  generator: Generator,
  hooks: Hooks,
): Promise<{ diverged: boolean }> {
  const fresh = network(rows.dim, generator.split("network"));
  assign(model, parameters(fresh));
  fresh.dispose();
  const backbone = backboneOf(model);
  if (arm.start)
    assign(model, new Map([...backbone.keys()].map((name, i) => [name, [...arm.start!.values()][i]!])));
  const head = headOf(model);
  const headPrior = isotropic(head, { variance: 100 });
  // A prior of the head alone counts in every arm alike.
  const plain = withPrior((batch: Batch) => crossEntropy(model, batch), headPrior, {
    dataSize: rows.count,
    parameters: head,
  });
  const informed =
    arm.prior &&
    withPrior((batch: Batch) => crossEntropy(model, batch), arm.prior, {
      dataSize: rows.count,
      parameters: backbone,
      head: { prior: headPrior, parameters: head },
    });
  const optimizer = sgd({ ...DOWNSTREAM, nesterov: true });
  try {
    await fit({
      step: informed ?? plain,
      batches: batchesOf(rows, 32, generator.split("batches")),
      steps,
      optimizer,
      variables: parameters(model),
      schedule: schedules.cosine({ base: DOWNSTREAM.learningRate, steps }),
      signal: hooks.signal,
    });
    return { diverged: false };
  } catch (error) {
    if ((error as { code?: string }).code === "LAB_NUMERIC") return { diverged: true };
    throw error;
  } finally {
    optimizer.dispose();
    headPrior.dispose();
  }
}
