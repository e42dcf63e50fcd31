import type { Experiment, ExperimentContext, Mode, Run, Summary, Verdict } from "@lab/core/experiment";
import { randomFlip } from "@lab/core/image";
import { batchNormLayer, initialise } from "@lab/core/nn";
import { adamw } from "@lab/core/optim";
import type { LinePlot } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import { input, type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { compress } from "../compress/index.js";
import type { Share } from "../ring-index/index.js";
import { lineThrough } from "./line-through.js";
import { paper } from "./paper.js";
import { smallPictures } from "./pictures.js";
import { pictureAccuracy, trainPictures } from "./train-pictures.js";

interface ConvArm {
  kind: Share | "dense" | "narrow";
  /** Weights of the six convolutions, or numbers in their ring. */
  size: number;
}

interface ConvParams {
  numTrain: number;
  numTest: number;
  epochs: number;
  batch: number;
  arms: ConvArm[];
}

interface ConvResult {
  data: string;
  arms: { kind: string; size: number; parameters: number; accuracy: number }[];
}

const CHANNELS = 24;
const NARROW_CHANNELS = 10;
/** Elements of one of the six equal kernels. */
const LAYER = 9 * CHANNELS * CHANNELS;
const NARROW = 6 * 9 * NARROW_CHANNELS * NARROW_CHANNELS;
const PEAK = 4e-3;

/** Stem, three residual blocks of two equal convolutions, mean, classifier. */
function network(shape: number[], channels: number, classes: number, seed: number): LayersModel {
  const conv = (x: SymbolicTensor, name: string, strides: number) =>
    layers
      .conv2d({ name, filters: channels, kernelSize: 3, strides, padding: "same", useBias: false })
      .apply(x) as SymbolicTensor;
  const relu = (x: SymbolicTensor) => layers.activation({ activation: "relu" }).apply(x) as SymbolicTensor;
  const images = input({ shape });
  let x = relu(batchNormLayer(conv(images, "stem", 2), "stem.bn"));
  for (let block = 0; block < 3; block++) {
    const first = relu(batchNormLayer(conv(x, `b${block}.conv1`, 1), `b${block}.bn1`));
    const second = batchNormLayer(conv(first, `b${block}.conv2`, 1), `b${block}.bn2`);
    x = relu(layers.add().apply([x, second]) as SymbolicTensor);
  }
  const mean = layers.globalAveragePooling2d({}).apply(x) as SymbolicTensor;
  const result = model({
    inputs: images,
    outputs: layers.dense({ units: classes, name: "head" }).apply(mean) as SymbolicTensor,
  });
  initialise(result, new Generator(seed).split("network"));
  return result;
}

/** Rises to the peak by a cosine over three tenths of the steps, and falls to almost nothing by another. */
export function oneCycle(t: number, steps: number): number {
  const top = 0.3 * steps - 1;
  const between = (from: number, to: number, share: number) =>
    to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
  return t <= top
    ? between(PEAK / 25, PEAK, t / top)
    : between(PEAK, PEAK / 25e4, (t - top) / Math.max(1, steps - 1 - top));
}

async function run(context: ExperimentContext<ConvParams>): Promise<ConvResult> {
  const { params, seed, signal, onProgress, store } = context;
  const data = await smallPictures(context.data.dir, seed, params.numTrain, params.numTest);
  const { shape, numClasses } = data.train;
  const total = params.arms.length;
  const arms: ConvResult["arms"] = [];
  for (const [i, { kind, size }] of params.arms.entries()) {
    const plain = network(shape, kind === "narrow" ? NARROW_CHANNELS : CHANNELS, numClasses, seed);
    const ring =
      kind === "dense" || kind === "narrow"
        ? undefined
        : compress(plain, {
            parameters: size,
            seed: 12345,
            share: kind,
            free: "stemAndHead",
            std: "fanIn",
            generator: new Generator(seed),
            inPlace: true,
          });
    const optimizer = adamw({ learningRate: PEAK, weightDecay: 1e-4 });
    try {
      await trainPictures(plain, data.train, {
        epochs: params.epochs,
        batch: params.batch,
        optimizer,
        rate: oneCycle,
        augment: randomFlip({ probability: data.canFlip ? 0.5 : 0 }),
        seed,
        signal,
        on: (share) => onProgress({ done: i + share, total, message: `${kind} ${size}` }),
        ...(store !== "" && { checkpoint: `${store}/${kind}-${size}.safetensors` }),
      });
      arms.push({
        kind,
        size,
        parameters: plain.trainableWeights.reduce((sum, weight) => sum + weight.read().size, 0),
        accuracy: await pictureAccuracy(plain, data.test, signal),
      });
    } finally {
      optimizer.dispose();
      if (ring) ring.dispose();
      else plain.dispose();
    }
  }
  return { data: data.name, arms };
}

function summarise(runs: readonly Run<ConvResult>[], mode: Mode): Summary {
  const first = runs[0]!.result;
  const means = first.arms.map((arm, i) => {
    const accuracies = runs.map(({ result }) => result.arms[i]!.accuracy);
    const accuracy = accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length;
    return { ...arm, accuracy, low: Math.min(...accuracies), high: Math.max(...accuracies) };
  });
  const of = (kind: string, size: number) =>
    means.find((m) => m.kind === kind && m.size === size)?.accuracy ?? Number.NaN;
  const gain = of("rpg", 648) - of("plain", 648);
  const share = of("rpg", LAYER) / of("dense", 6 * LAYER);
  const rings = means.filter(({ kind }) => kind === "rpg").sort((a, b) => a.size - b.size);
  const law = lineThrough(
    rings.map(({ size }) => Math.log10(size)),
    rings.map(({ accuracy }) => accuracy),
  );
  const gates = [
    { name: "one layer's ring keeps 85 % of the dense accuracy", passes: share >= 0.85 },
    { name: "the ring of 648 is 2.5 points over plain sharing", passes: gain >= 2.5 },
  ];
  if (mode !== "quick") {
    gates.push(
      {
        name: `one layer's ring is 2.5 points over a narrow network of ${NARROW}`,
        passes: of("rpg", LAYER) - of("narrow", NARROW) >= 2.5,
      },
      {
        name: "accuracy is a line in the logarithm of the ring's size, R² at least 0.95",
        passes: law.rSquared >= 0.95,
      },
    );
  }
  const numPassed = gates.filter(({ passes }) => passes).length;
  const verdict: Verdict = numPassed === gates.length ? "reproduced" : numPassed > 0 ? "partly" : "failed";
  const band = (list: typeof means) => ({
    x: list.map(({ size }) => size),
    y: list.map(({ accuracy }) => accuracy),
    low: list.map(({ low }) => low),
    high: list.map(({ high }) => high),
  });
  const plain = means.filter(({ kind }) => kind === "plain").sort((a, b) => a.size - b.size);
  const narrow = means.filter(({ kind }) => kind === "narrow");
  const ends = [rings[0]!.size, 6 * LAYER];
  const dense = of("dense", 6 * LAYER);
  const figure: LinePlot = {
    kind: "line",
    title: "Six convolutions from one ring",
    caption: `The dotted law: ${law.slope.toFixed(1)} points for each factor of ten, R² ${law.rSquared.toFixed(3)}.`,
    x: { label: "weights of the convolutions, or numbers in their ring", scale: "log" },
    y: { label: "test accuracy (%)" },
    series: [
      { name: "ring", ...band(rings) },
      { name: "ring, plain", ...band(plain) },
      ...(narrow.length > 0 ? [{ name: "narrow network", ...band(narrow) }] : []),
      { name: "dense", x: ends, y: [dense, dense], dashed: true },
      {
        name: "law",
        x: ends,
        y: ends.map((size) => law.intercept + law.slope * Math.log10(size)),
        dashed: true,
      },
    ],
  };
  return {
    verdict,
    paperValue: "ResNet18 with the weights of one layer keeps 67.2 % of ImageNet's top-1, 96 % of the dense",
    measured: `one layer's ring keeps ${(100 * share).toFixed(1)} % of the dense accuracy; ${gain.toFixed(1)} points over plain sharing at 648`,
    table: means.map((m) => ({
      sharing: m.kind,
      ring: m.size,
      parameters: m.parameters,
      "accuracy %": Math.round(100 * m.accuracy) / 100,
    })),
    figures: [figure],
    notes: [
      `Data: ${first.data}, averaged over 2×2 pixels.`,
      "Stem, norms and classifier are free.",
      ...gates.map(({ name, passes }) => `${passes ? "passed" : "missed"}: ${name}.`),
    ],
  };
}

const QUICK: ConvArm[] = [
  { kind: "dense", size: 6 * LAYER },
  { kind: "rpg", size: LAYER },
  { kind: "rpg", size: 648 },
  { kind: "plain", size: 648 },
];

/** One ring of a layer's size for six convolutions. */
export const convolutions: Experiment<ConvParams, ConvResult> = {
  name: "rpg-cnn",
  paper,
  claim: "A ring of one layer's size trains a convolutional network nearly as well as its own weights.",
  estimate: { quick: 40, full: 400 },
  seeds: { quick: 1, full: 3, paper: 3 },
  isMain: false,
  params: (mode: Mode) => ({
    numTrain: 10_000,
    numTest: 2000,
    epochs: mode === "quick" ? 1 : 4,
    batch: 64,
    arms:
      mode === "quick"
        ? QUICK
        : [
            ...QUICK,
            { kind: "narrow", size: NARROW },
            { kind: "rpg", size: 3 * LAYER },
            { kind: "plain", size: LAYER },
            { kind: "rpg", size: 81 },
          ],
  }),
  run,
  summarise,
};
