import type { Experiment, ExperimentContext, Mode, Row, Run, Summary, Verdict } from "@lab/core/experiment";
import { pipeline, randomFlip, randomResizedCrop } from "@lab/core/image";
import { resnet } from "@lab/core/nn";
import { sgd } from "@lab/core/optim";
import type { BarsPlot } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import { degreesOfFreedom } from "../compress/index.js";
import { rpgResnet } from "../resnet.js";
import { paper } from "./paper.js";
import { imagenet, type PictureData, smallPictures } from "./pictures.js";
import { pictureAccuracy, trainPictures } from "./train-pictures.js";

interface ImagenetParams {
  /** The paper's protocol on ImageNet, or the same recipe on small pictures. */
  data: "imagenet" | "small";
  networks: { depth: 18 | 34; parameters: number | "largestLayer" | "dense" }[];
  /** Channels of the first stage. */
  width: number;
  numTrain: number;
  numTest: number;
  epochs: number;
  batch: number;
  learningRate: number;
}

interface NetworkResult {
  depth: number;
  ring: number | "dense";
  /** Trained numbers, and their share of the network's. */
  trained: number;
  ratioAll: number;
  ratioGenerated: number;
  accuracy: number;
}

interface ImagenetResult {
  data: string;
  classes: number;
  networks: NetworkResult[];
}

/** Side of the pictures that ImageNet's networks see. */
const CROP = 224;

/** The authors' rate: a tenth after each half of the epochs, falling all the time. */
export const decayingRate = (base: number, t: number, steps: number): number =>
  base * 0.1 ** ((2 * t) / steps);

async function load(context: ExperimentContext<ImagenetParams>): Promise<PictureData> {
  const { params, seed } = context;
  if (params.data === "imagenet") return imagenet(context.data.dir);
  return smallPictures(context.data.dir, seed, params.numTrain, params.numTest);
}

async function run(context: ExperimentContext<ImagenetParams>): Promise<ImagenetResult> {
  const { params, seed, signal, onProgress, store } = context;
  const data = await load(context);
  const isFull = params.data === "imagenet";
  const { numClasses, shape } = data.train;
  const size = isFull ? CROP : shape[0];
  const augment = pipeline(
    randomResizedCrop({ size, ...(isFull ? {} : { scale: [0.5, 1] as const }) }),
    randomFlip({ probability: data.canFlip ? 0.5 : 0 }),
  );
  const total = params.networks.length;
  const networks: NetworkResult[] = [];
  for (const [i, { depth, parameters }] of params.networks.entries()) {
    const common = { depth, classes: numClasses, width: params.width };
    const stem = isFull ? ("imagenet" as const) : ("cifar" as const);
    const built =
      parameters === "dense"
        ? undefined
        : rpgResnet({ ...common, stem, parameters, channels: shape[2], generator: new Generator(seed) });
    const model =
      built?.model ?? resnet({ ...common, stem, channels: shape[2], generator: new Generator(seed) });
    const optimizer = sgd({
      learningRate: params.learningRate,
      momentum: 0.9,
      weightDecay: 1e-4,
      decoupled: false,
    });
    const message = `ResNet${depth}, ${parameters}`;
    try {
      await trainPictures(model, data.train, {
        epochs: params.epochs,
        batch: params.batch,
        optimizer,
        rate: (t, steps) => decayingRate(params.learningRate, t, steps),
        augment,
        seed,
        signal,
        on: (share) => onProgress({ done: i + share, total, message }),
        ...(store !== "" && { checkpoint: `${store}/resnet${depth}-${parameters}.safetensors` }),
      });
      const report = degreesOfFreedom(built ?? model);
      networks.push({
        depth,
        ring: built ? report.ring : "dense",
        trained: Math.round(report.ratioAll * report.dense),
        ratioAll: report.ratioAll,
        ratioGenerated: report.ratioGenerated,
        accuracy: await pictureAccuracy(model, data.test, signal, isFull ? CROP : undefined),
      });
    } finally {
      optimizer.dispose();
      if (built) built.dispose();
      else model.dispose();
    }
  }
  return { data: data.name, classes: numClasses, networks };
}

/** The paper's top-1 in percent, by depth, of the rings that it names. */
const PAPER: Record<number, number> = { 18: 67.2, 34: 41.6 };

function summarise(runs: readonly Run<ImagenetResult>[]): Summary {
  const { data, networks, classes } = runs[0]!.result;
  const accuracies = networks.map(
    (_, i) => runs.reduce((sum, { result }) => sum + result.networks[i]!.accuracy, 0) / runs.length,
  );
  const isFull = data === "ImageNet";
  const dense = (depth: number) =>
    accuracies[networks.findIndex((n) => n.depth === depth && n.ring === "dense")];
  const rings = networks.flatMap((network, i) => (network.ring === "dense" ? [] : [{ ...network, i }]));
  const gates = rings.map(({ depth, ring, i }) => {
    const least = isFull ? PAPER[depth]! - 1 : 200 / classes;
    const goal = isFull ? "the paper's top-1 less a point" : "twice chance";
    return { name: `ResNet${depth} from ${ring} numbers reaches ${goal}`, passes: accuracies[i]! >= least };
  });
  const numPassed = gates.filter(({ passes }) => passes).length;
  const learned: Verdict = isFull ? "reproduced" : "not at this scale";
  const verdict: Verdict = numPassed === gates.length ? learned : numPassed > 0 ? "partly" : "failed";
  const table: Row[] = networks.map((network, i) => ({
    network: `ResNet${network.depth}`,
    ring: network.ring,
    "trained numbers": network.trained,
    "of all %": Math.round(1000 * network.ratioAll) / 10,
    "ring of generated %": network.ring === "dense" ? null : Math.round(1000 * network.ratioGenerated) / 10,
    "accuracy %": Math.round(100 * accuracies[i]!) / 100,
  }));
  const figure: BarsPlot = {
    kind: "bars",
    title: "Residual networks by the authors' recipe",
    categories: networks.map(({ depth, ring }) => `ResNet${depth}, ${ring}`),
    y: { label: "top-1 accuracy (%)" },
    series: [{ name: "accuracy", y: accuracies }],
  };
  return {
    verdict,
    paperValue: "67.2 % for ResNet18 with one layer's ring, 41.6 % for ResNet34 with over 400 times fewer",
    measured: rings
      .map(({ depth, i }) => {
        const own = dense(depth);
        const share =
          own === undefined ? "" : `, ${((100 * accuracies[i]!) / own).toFixed(0)} % of the dense`;
        return `ResNet${depth}: ${accuracies[i]!.toFixed(1)} %${share}`;
      })
      .join("; "),
    table,
    figures: [figure],
    notes: [
      `Data: ${data}.`,
      "Momentum 0.9, weight decay 1e-4 on all that is trained, rate falling to a hundredth; stem, norms and classifier are free.",
      ...gates.map(({ name, passes }) => `${passes ? "passed" : "missed"}: ${name}.`),
      isFull
        ? "Crops are drawn from the middle square of each picture, at 256 pixels."
        : "ImageNet itself needs `--paper` and the folders imagenet/train and imagenet/val; this run shows that the recipe trains.",
    ],
  };
}

/** The paper's recipe, on ImageNet where it is there. */
export const imagenetExperiment: Experiment<ImagenetParams, ImagenetResult> = {
  name: "rpg-imagenet",
  paper,
  claim:
    "ResNet18 trains on ImageNet from the weights of one layer, ResNet34 from 400 times fewer than it has.",
  estimate: { quick: 40, full: 300 },
  isMain: false,
  params: (mode: Mode): ImagenetParams => {
    if (mode === "paper") {
      return {
        data: "imagenet",
        networks: [
          { depth: 18, parameters: 2_359_296 },
          // The stages of ResNet34 over 400.
          { depth: 34, parameters: 53_145 },
        ],
        ...{ width: 64, numTrain: 0, numTest: 0, epochs: 90, batch: 512, learningRate: 0.1 },
      };
    }
    const isQuick = mode === "quick";
    return {
      data: "small",
      networks: [
        { depth: 18, parameters: "dense" },
        { depth: 18, parameters: "largestLayer" },
      ],
      width: 8,
      numTrain: isQuick ? 2000 : 10_000,
      numTest: isQuick ? 1000 : 2000,
      epochs: isQuick ? 2 : 6,
      batch: 32,
      learningRate: 0.05,
    };
  },
  run,
  summarise,
};
