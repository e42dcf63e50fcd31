import { DataError } from "@lab/core";
import { imageFolder } from "@lab/core/data";
import { nodeModule, readSafetensors } from "@lab/core/io";
import { assign, loadTorchWeights, parameters, resnet } from "@lab/core/nn";
import { sgd } from "@lab/core/optim";
import type { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { loadPrior, savePrior } from "../file/index.js";
import type { GaussianPrior } from "../gaussian/index.js";
import { SwagCollector } from "../swag/index.js";
import { type PictureBatch, trainingBatches } from "./folder-pictures.js";

/** A source model: weights of PyTorch as safetensors, and its prior where it was collected before. */
export interface FolderSource {
  /** Name in the report. */
  name: string;
  /** File with the weights, below the data folder. */
  weights: string;
  /** Prior file, below the data folder; without it weights are collected on `imagenet/train`. */
  prior: string;
}

/** How weights are collected where no prior is there. */
export interface FolderCollection {
  /** Updates of the new head before collecting, and between two collections. */
  start: number;
  every: number;
  collections: number;
  rank: number;
  learningRate: number;
}

/** Network and pictures that every task shares. */
export interface FolderNetwork {
  depth: 18 | 34 | 50;
  width: number;
  /** Side of the pictures. */
  size: number;
  batch: number;
}

/** The network with a new head for some classes. */
export const networkFor = (
  { depth, width }: FolderNetwork,
  classes: number,
  generator: Generator,
): LayersModel => resnet({ depth, width, classes, generator });

/** Layer that is new for every task. */
export const HEAD = "fc/";

/** Mean softmax cross-entropy of a batch in nats. */
export function pictureLoss(model: LayersModel, { x, y }: PictureBatch): tf.Scalar {
  return tf.tidy(() => {
    const logits = model.apply(x, { training: true }) as tf.Tensor2D;
    return tf.losses.softmaxCrossEntropy(tf.oneHot(y, logits.shape[1]!), logits) as tf.Scalar;
  });
}

/** Gives everything below the head the weights of a file of PyTorch's names. */
export async function loadBackbone(model: LayersModel, network: FolderNetwork, path: string): Promise<void> {
  const backbone = resnet({ depth: network.depth, width: network.width, classes: null });
  try {
    await loadTorchWeights(backbone, readSafetensors(path));
    assign(model, parameters(backbone, "all"));
  } finally {
    for (const tensor of parameters(backbone, "all").values()) tensor.dispose();
  }
}

/**
 * The prior of a source model: its file, or what is collected along further training on `imagenet/train`, which is kept in
 * `store`.
 */
export async function folderPrior(
  root: string,
  source: FolderSource,
  network: FolderNetwork,
  collection: FolderCollection,
  context: { store: string; generator: Generator; signal: AbortSignal; on: (share: number) => void },
): Promise<GaussianPrior> {
  const { existsSync } = nodeModule<typeof import("node:fs")>("node:fs", "priors-transfer");
  const { store, generator, signal } = context;
  const kept = `${store}/${source.name}.prior.safetensors`;
  for (const file of [`${root}/${source.prior}`, ...(store === "" ? [] : [kept])]) {
    if (existsSync(file)) return loadPrior(file);
  }
  const folder = `${root}/imagenet/train`;
  if (!existsSync(folder)) {
    throw new DataError(
      `priors-transfer: ${source.prior} and imagenet/train are missing in ${root}; the source's prior, as lab priors convert makes it, or the pictures to collect it on were expected`,
      { path: folder },
    );
  }
  const set = imageFolder(folder, { size: network.size });
  const model = networkFor(network, set.classNames.length, generator.split("source head"));
  const { start, every, collections, rank, learningRate } = collection;
  const collector = new SwagCollector(model, {
    select: (name) => !name.startsWith(HEAD),
    ...{ rank, start, every },
  });
  const optimizer = sgd({ learningRate, momentum: 0.9, weightDecay: 1e-4, decoupled: false });
  const steps = start + every * collections;
  try {
    await loadBackbone(model, network, `${root}/${source.weights}`);
    const chosen = Array.from({ length: set.length }, (_, i) => i);
    await fit({
      step: (batch: PictureBatch) => pictureLoss(model, batch),
      batches: trainingBatches(set, chosen, { ...network, generator: generator.split("source batches") }),
      steps,
      optimizer,
      variables: parameters(model, "all"),
      signal,
      on: async (event) => {
        await collector.callback(event);
        if (event.type === "step") context.on(event.step / steps);
      },
    });
    const prior = collector.prior();
    if (store !== "") await savePrior(kept, prior, { metadata: { source: source.name } });
    return prior;
  } finally {
    collector.dispose();
    optimizer.dispose();
    for (const tensor of parameters(model, "all").values()) tensor.dispose();
  }
}
