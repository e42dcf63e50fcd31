import { cifar10, findData, glyphs, type ImageSet } from "@lab/core/data";
import type { Experiment, ExperimentContext, Mode, Run, Summary, Verdict } from "@lab/core/experiment";
import { batchNormLayer, initialise, parameters } from "@lab/core/nn";
import { adamw, schedules } from "@lab/core/optim";
import type { BarsPlot } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import { input, type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { compress } from "../compress/index.js";
import type { Share } from "../ring-index/index.js";
import { paper } from "./paper.js";

interface ConvParams {
  numTrain: number;
  numTest: number;
  epochs: number;
  batch: number;
  arms: { kind: Share | "dense"; size: number }[];
}

interface ConvResult {
  data: string;
  arms: { kind: string; size: number; parameters: number; accuracy: number }[];
}

interface Pictures {
  x: tf.Tensor4D;
  labels: Int32Array;
}

const CHANNELS = 24;
/** Elements of one of the six equal kernels. */
const LAYER = 9 * CHANNELS * CHANNELS;

/** Standardised pictures, averaged over 2×2 pixels. */
function picturesOf(set: ImageSet, start: number, end: number): Pictures {
  const { x, labels, shape } = set.arrays({ start, end });
  const pooled = tf.tidy(() => {
    const small = tf.avgPool(tf.tensor4d(x, shape), 2, 2, "valid");
    return tf.div(tf.sub(small, 0.47), 0.22) as tf.Tensor4D;
  });
  return { x: pooled, labels };
}

async function load(dir: string | undefined, seed: number, params: ConvParams) {
  const { numTrain, numTest } = params;
  const found = await findData("cifar10", { dir });
  const drawn = found ? undefined : glyphs({ count: numTrain + numTest, seed });
  const train = drawn ?? cifar10({ dir: found!.dir, split: "train" });
  // Where the folder holds a part of the data, the test pictures come from its end.
  return {
    name: found ? "part of CIFAR-10" : "glyphs (generated)",
    train: picturesOf(train, 0, Math.min(numTrain, train.length - numTest)),
    test: picturesOf(train, train.length - numTest, train.length),
  };
}

/** Stem, three residual blocks of two equal convolutions, mean, classifier. */
function network(shape: number[], seed: number): LayersModel {
  const conv = (x: SymbolicTensor, name: string, strides: number) =>
    layers
      .conv2d({ name, filters: CHANNELS, kernelSize: 3, strides, padding: "same", useBias: false })
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
    outputs: layers.dense({ units: 10, name: "head" }).apply(mean) as SymbolicTensor,
  });
  initialise(result, new Generator(seed).split("network"));
  return result;
}

async function accuracyOf(net: LayersModel, { x, labels }: Pictures): Promise<number> {
  let correct = 0;
  for (let from = 0; from < labels.length; from += 500) {
    const length = Math.min(500, labels.length - from);
    const classes = tf.tidy(() =>
      tf.argMax(net.apply(tf.slice(x, from, length), { training: false }) as tf.Tensor, 1),
    );
    const found = await classes.data();
    classes.dispose();
    found.forEach((label, i) => {
      if (label === labels[from + i]) correct++;
    });
  }
  return (100 * correct) / labels.length;
}

async function run(context: ExperimentContext<ConvParams>): Promise<ConvResult> {
  const { params, seed, signal, onProgress } = context;
  const pictures = await load(context.data.dir, seed, params);
  const { x, labels } = pictures.train;
  const perEpoch = Math.floor(labels.length / params.batch);
  const steps = perEpoch * params.epochs;
  const total = params.arms.length;
  const arms: ConvResult["arms"] = [];
  for (const [i, { kind, size }] of params.arms.entries()) {
    const dense = network(x.shape.slice(1), seed);
    const ring =
      kind === "dense"
        ? undefined
        : compress(dense, {
            parameters: size,
            seed: 12345,
            share: kind,
            free: "stemAndHead",
            std: "fanIn",
            generator: new Generator(seed),
            inPlace: true,
          });
    const net = ring?.model ?? dense;
    const optimizer = adamw({ learningRate: 4e-3, weightDecay: 1e-4 });
    const orders = new Generator(seed).split("order");
    try {
      await fit({
        step: ({ part, y }: { part: tf.Tensor4D; y: tf.Tensor }) =>
          tf.losses.softmaxCrossEntropy(y, net.apply(part, { training: true }) as tf.Tensor),
        batches: (step) => {
          const order = orders.split(Math.floor(step / perEpoch)).permutation(labels.length);
          const from = (step % perEpoch) * params.batch;
          const chosen = order.slice(from, from + params.batch);
          const truth = chosen.map((at) => labels[at]!);
          const part = tf.tidy(() => tf.gather(x, tf.tensor1d(chosen, "int32")));
          return { part, y: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(truth, "int32"), 10), "float32")) };
        },
        steps,
        optimizer,
        variables: parameters(net, "all"),
        schedule: schedules.cosine({ base: 4e-3, steps }),
        signal,
        on: (event) => {
          if (event.type === "step") onProgress({ done: i + event.step / steps, total, message: kind });
        },
      });
      arms.push({
        kind,
        size,
        parameters: net.trainableWeights.reduce((sum, weight) => sum + weight.read().size, 0),
        accuracy: await accuracyOf(net, pictures.test),
      });
    } finally {
      optimizer.dispose();
      if (ring) ring.dispose();
      else dense.dispose();
    }
  }
  tf.dispose([x, pictures.test.x]);
  return { data: pictures.name, arms };
}

function summarise(runs: readonly Run<ConvResult>[]): Summary {
  const first = runs[0]!.result;
  const means = first.arms.map((arm, i) => ({
    ...arm,
    accuracy: runs.reduce((sum, { result }) => sum + result.arms[i]!.accuracy, 0) / runs.length,
  }));
  const of = (kind: string, size: number) =>
    means.find((m) => m.kind === kind && m.size === size)?.accuracy ?? Number.NaN;
  const gain = of("rpg", 648) - of("plain", 648);
  const share = of("rpg", LAYER) / of("dense", 6 * LAYER);
  const gates = [gain >= 2.5, share >= 0.85];
  const verdict: Verdict = gates.every(Boolean) ? "reproduced" : gates.some(Boolean) ? "partly" : "failed";
  const figure: BarsPlot = {
    kind: "bars",
    title: "Six convolutions from one ring",
    categories: means.map(({ kind, size }) => `${kind} ${size}`),
    y: { label: "test accuracy (%)" },
    series: [{ name: "accuracy", y: means.map(({ accuracy }) => accuracy) }],
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
      "Stem, norms and classifier are free; the rate falls by a cosine; no flips.",
      "Gates: one layer's ring keeps 85 % of the dense accuracy, and the ring of 648 is 2.5 points over plain sharing.",
    ],
  };
}

/** One ring of a layer's size for six convolutions. */
export const convolutions: Experiment<ConvParams, ConvResult> = {
  name: "rpg-cnn",
  paper,
  claim: "A ring of one layer's size trains a convolutional network nearly as well as its own weights.",
  estimate: { quick: 60, full: 240 },
  seeds: { quick: 1, full: 3, paper: 3 },
  isMain: false,
  params: (mode: Mode) => ({
    numTrain: 10_000,
    numTest: 2000,
    epochs: mode === "quick" ? 1 : 4,
    batch: 64,
    arms: [
      { kind: "dense", size: 6 * LAYER },
      { kind: "rpg", size: LAYER },
      { kind: "rpg", size: 648 },
      { kind: "plain", size: 648 },
    ],
  }),
  run,
  summarise,
};
