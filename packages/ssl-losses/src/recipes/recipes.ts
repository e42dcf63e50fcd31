import type { Method, MethodSettings } from "../pretraining/index.js";

/** A training of a paper as a plain configuration; see {@link prepareRecipe}. */
export interface Recipe {
  /** Name on the command line. */
  name: string;
  /** Where it comes from. */
  source: string;
  /** Loss and branches. */
  method: Method;
  /** Settings of the loss. */
  settings: Readonly<MethodSettings>;
  /** Layers of the residual network. */
  depth: 18 | 34 | 50;
  /** Its first layers: for pictures of some 32 or some 224 pixels. */
  stem: "imagenet" | "cifar";
  /** Widths of the projector's layers after the representation; empty where there is none. */
  projector: readonly number[];
  /** Side of the views in pixels. */
  size: number;
  /** Strength of {@link simclrAugmentation}. */
  augmentation: "imagenet" | "cifar" | "directclr";
  /** Pairs in a batch. */
  batchSize: number;
  /** Passes over the data. */
  epochs: number;
  /** What makes the updates. */
  optimizer: "lars" | "sgd";
  /** Learning rate at the end of the warm-up. */
  learningRate: number;
  /** Weight decay. */
  weightDecay: number;
  /** Epochs of the warm-up. */
  warmupEpochs: number;
  /** Share of the learning rate that is left at the end of the cosine. */
  finalRate: number;
  /** What the source reports, with the measure. */
  reported: string;
  /** Where the pictures come from, and what the run takes; an estimate, not a measurement. */
  cost: string;
}

const imagenet = {
  depth: 50,
  stem: "imagenet",
  size: 224,
  augmentation: "imagenet",
  optimizer: "lars",
  weightDecay: 1e-6,
  warmupEpochs: 10,
  finalRate: 0,
  cost: "ImageNet-1K; 8 accelerators of 32 GiB for days, or microBatch on fewer",
} as const;

const cifar = {
  depth: 18,
  stem: "cifar",
  size: 32,
  augmentation: "cifar",
  optimizer: "sgd",
  weightDecay: 5e-4,
  warmupEpochs: 10,
  finalRate: 0,
  epochs: 200,
  projector: [2048, 128],
  cost: "CIFAR-10; one accelerator for hours, two processor cores for weeks",
} as const;

/** Trainings of the papers as configurations; numbers are those of papers and released code. */
export const recipes: readonly Recipe[] = [
  {
    ...imagenet,
    name: "dcl-imagenet",
    source: "Yeh et al. 2022, table 1",
    method: "dcl",
    settings: { temperature: 0.1 },
    projector: [2048, 128],
    batchSize: 256,
    epochs: 200,
    learningRate: 0.3,
    reported: "68.2 % top-1 of a linear probe (SimCLR 61.8)",
  },
  {
    ...imagenet,
    name: "simclr-imagenet",
    source: "Yeh et al. 2022, table 1",
    method: "simclr",
    settings: { temperature: 0.1 },
    projector: [2048, 128],
    batchSize: 256,
    epochs: 200,
    learningRate: 0.3,
    reported: "61.8 % top-1 of a linear probe",
  },
  {
    ...imagenet,
    name: "directclr-imagenet",
    source: "Jing et al. 2022, table 1 and released code",
    method: "directclr",
    settings: { temperature: 0.1, size: 360 },
    projector: [],
    augmentation: "directclr",
    batchSize: 4096,
    epochs: 100,
    learningRate: 4.8,
    finalRate: 0.001,
    reported: "62.7 % top-1 of a linear probe (SimCLR without projector 51.5, with two layers 66.5)",
  },
  {
    ...cifar,
    name: "dcl-cifar10",
    source: "Yeh et al. 2022, figure 4; read off, ±1",
    method: "dcl",
    settings: { temperature: 0.1 },
    batchSize: 32,
    learningRate: 0.0375,
    reported: "83.7 % kNN at batches of 32 (SimCLR 78.9)",
  },
  {
    ...cifar,
    name: "simclr-cifar10",
    source: "Yeh et al. 2022, figure 4; read off, ±1",
    method: "simclr",
    settings: { temperature: 0.1 },
    batchSize: 32,
    learningRate: 0.0375,
    reported: "78.9 % kNN at batches of 32",
  },
  {
    ...cifar,
    name: "tcr-cifar10",
    source: "Li et al. 2022, released code, first stage",
    method: "tcr",
    settings: { epsilonSquared: 0.2, constraint: 30 },
    projector: [4096, 128],
    optimizer: "lars",
    weightDecay: 1e-4,
    batchSize: 1024,
    epochs: 600,
    learningRate: 0.3,
    reported: "83 % clustering accuracy after clusterManifolds's second and third stage",
  },
];
