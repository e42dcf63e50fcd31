import type { ExperimentContext } from "@lab/core/experiment";
import { assign, type ParameterSet, parameters } from "@lab/core/nn";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { GaussianPrior } from "../gaussian/index.js";
import { priorStability } from "../objective/index.js";
import { type ContrastiveLoss, EMBEDDING, unlabelled } from "./contrastive-source.js";
import {
  fewShot,
  type ImageCounts,
  noisy,
  type Rows,
  type TransferImages,
  transferImages,
} from "./images.js";
import { backboneOf, DOWNSTREAM, evaluate, labelled, network, trainSource } from "./training.js";

/** Deviation of the noise that makes the downstream task another one. */
const NOISE = 0.5;

/** What the source task of every experiment needs. */
export interface SourceParams extends ImageCounts {
  /** Updates of the source task before collecting. */
  sourceSteps: number;
  /** Updates between two collections. @defaultValue 20 */
  collectEvery?: number;
}

/** A trained source task. */
export interface Source {
  images: TransferImages;
  model: LayersModel;
  prior: GaussianPrior;
  /** A tenth of the mean variance, the floor of the protocol. */
  floor: number;
  /** Backbone of the source task. */
  start: ParameterSet;
  /** Noisy test pictures. */
  test: Rows;
  /** Accuracy on clean test pictures in percent; after a source task without labels the head is untrained. */
  accuracy: number;
  dispose(): void;
}

/** The floor of the protocol: a tenth of the mean variance. */
export async function floorOf(prior: GaussianPrior): Promise<number> {
  const { mean, variance, deviations } = prior.vectors();
  const average = tf.mean(variance);
  const [value] = await average.data();
  tf.dispose([mean, variance, average]);
  deviations?.dispose();
  return 0.1 * value!;
}

/** Deviations kept and collections made of the source task. */
const COLLECTED = { collections: 20, rank: 10 };

/** Trains the source task and collects its prior; `onShare` receives the share that is done. */
export async function trainedSource(
  context: ExperimentContext<SourceParams>,
  onShare: (share: number) => void,
  contrastive?: ContrastiveLoss,
): Promise<Source> {
  const { params, seed, generator, signal } = context;
  const images = await transferImages(context.data.dir, seed, params);
  const { dim } = images.source;
  const settings = { steps: params.sourceSteps, every: params.collectEvery ?? 20, ...COLLECTED };
  const hooks = { signal, on: (step: number, all: number) => onShare(step / all) };
  const batches = generator.split("source batches");
  const model = network(dim, generator.split("source"));
  let prior: GaussianPrior;
  if (contrastive) {
    const embedding = network(dim, generator.split("source"), EMBEDDING);
    prior = await trainSource(embedding, unlabelled(images.source, batches, contrastive), settings, hooks);
    const values = [...backboneOf(embedding).values()];
    assign(model, new Map([...backboneOf(model).keys()].map((name, i) => [name, values[i]!])));
    for (const tensor of parameters(embedding, "all").values()) tensor.dispose();
  } else {
    prior = await trainSource(model, labelled(images.source, batches), settings, hooks);
  }
  const start = new Map([...backboneOf(model)].map(([name, value]) => [name, tf.clone(value)]));
  return {
    images,
    model,
    prior,
    floor: await floorOf(prior),
    start,
    test: noisy(images.test, NOISE, generator.split("test noise")),
    accuracy: (await evaluate(model, images.test)).accuracy,
    dispose: () => {
      prior.dispose();
      for (const tensor of start.values()) tensor.dispose();
      for (const tensor of parameters(model, "all").values()) tensor.dispose();
    },
  };
}

/** Noisy downstream pictures, `shots` a class. */
export function downstreamRows(
  source: Source,
  shots: number,
  context: ExperimentContext<SourceParams>,
): Rows {
  const chosen = fewShot(source.images.downstream, shots, context.generator.split(`shots ${shots}`));
  return noisy(chosen, NOISE, context.generator.split(`noise ${shots}`));
}

/** Stiffness of the prior without a scale; above 2 training with it would diverge. */
export async function unscaledStiffness({ prior, floor }: Source, dataSize: number): Promise<number> {
  const unscaled = prior.scale(1, { floor });
  const { stiffness } = await priorStability(unscaled, { dataSize, ...DOWNSTREAM });
  unscaled.dispose();
  return stiffness;
}
