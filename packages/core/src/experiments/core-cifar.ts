import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { ImageArrays, ImageSet } from "../data/index.js";
import type { Experiment, ExperimentContext, Mode, Run, Summary, Verdict } from "../experiment/index.js";
import { pipeline, randomFlip, randomResizedCrop } from "../image/index.js";
import { wilsonInterval } from "../metrics/index.js";
import { parameters } from "../nn/index.js";
import { schedules, sgd } from "../optim/index.js";
import type { PlotSpec } from "../plot/index.js";
import type { Generator } from "../random/index.js";
import { fit } from "../train/index.js";
import { loadClassifierData } from "./classifier-data.js";
import { classifierNet, type NetName } from "./classifier-net.js";

interface CifarParams {
  net: NetName;
  numTrain: number;
  numTest: number;
  batch: number;
  steps: number;
  learningRate: number;
}

interface Shown {
  data: number[];
  width: number;
  height: number;
  channels: 1 | 3;
  label: string;
}

interface CifarResult {
  data: string;
  backend: string;
  net: NetName;
  numTrain: number;
  steps: number;
  correct: number;
  total: number;
  /** Seconds of training and testing; `null` for a run that was interrupted and resumed. */
  seconds: number | null;
  loss: { step: number; value: number }[];
  accuracy: { step: number; value: number }[];
  pictures: Shown[];
}

// Least accuracy and most seconds, from the requirements of the two networks on CIFAR-10.
const GATES: Record<NetName, { accuracy: number; seconds: number }> = {
  small: { accuracy: 0.4, seconds: 360 },
  resnet18: { accuracy: 0.45, seconds: 480 },
};
const GLYPHS_ACCURACY = 0.8;
const CHECK_SIZE = 500;
const SHOWN = 20;

const standardised = (x: tf.Tensor4D): tf.Tensor4D => tf.mul(tf.sub(x, 0.5), 4);

function batchOf({ x, labels, shape }: ImageArrays, indices: ArrayLike<number>) {
  const size = shape[1] * shape[2] * shape[3];
  const values = new Float32Array(indices.length * size);
  const classes = new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    values.set(x.subarray(index * size, (index + 1) * size), i * size);
    classes[i] = labels[index]!;
  }
  return {
    images: tf.tensor4d(values, [indices.length, shape[1], shape[2], shape[3]]),
    labels: tf.tensor1d(classes, "int32"),
  };
}

async function run(context: ExperimentContext<CifarParams>): Promise<CifarResult> {
  const { params, generator, signal, onProgress, store } = context;
  const start = performance.now();
  const { train, test } = await loadClassifierData(context.data, params.numTrain, params.numTest);
  const arrays = train.arrays();
  const [height, width, channels] = train.imageShape;
  const model = classifierNet(params.net, channels, train.numClasses, generator.split("weights"));
  const augment = pipeline(
    randomResizedCrop({ size: [height, width], scale: [0.6, 1], ratio: [0.9, 1.1] }),
    // Glyphs are signs: mirrored ones are others.
    randomFlip({ probability: train.name === "glyphs" ? 0 : 0.5 }),
  );
  const perEpoch = Math.floor(train.length / params.batch);
  const optimizer = sgd({
    learningRate: params.learningRate,
    momentum: 0.9,
    nesterov: true,
    weightDecay: 5e-4,
    decoupled: false,
    groups: [{ parameters: (_, variable) => variable.rank === 1, weightDecay: 0 }],
  });
  const warmup = Math.ceil(params.steps / 10);
  try {
    const history = await fit({
      // Everything random of a step comes from its number, so that an interrupted run goes on the same.
      batches: (step) => drawBatch(arrays, params.batch, perEpoch, step, generator, augment),
      step: ({ images, labels }) => {
        const logits = model.apply(standardised(images), { training: true }) as tf.Tensor2D;
        const targets = tf.oneHot(labels, train.numClasses);
        return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), targets), 1)));
      },
      steps: params.steps,
      optimizer,
      variables: parameters(model, "all"),
      schedule: schedules.warmup({
        steps: warmup,
        after: schedules.cosine({ base: params.learningRate, steps: params.steps - warmup }),
      }),
      evaluate: async () => {
        const { correct, total } = await score(
          model,
          test.take(Math.min(CHECK_SIZE, test.length)),
          params.batch,
        );
        return { accuracy: correct / total };
      },
      every: Math.max(1, Math.ceil(params.steps / 8)),
      checkpoint: `${store}/training.safetensors`,
      signal,
      on: ({ type, step, scalars }) => {
        if (type === "step")
          onProgress({ done: step, total: params.steps, message: "training", metrics: scalars });
      },
    });
    const { correct, total, predicted } = await score(model, test, params.batch, signal);
    return {
      data: train.name,
      backend: context.device.backend,
      net: params.net,
      numTrain: train.length,
      steps: params.steps,
      correct,
      total,
      seconds: history.resumedFrom > 0 ? null : (performance.now() - start) / 1000,
      loss: averaged(history.rows.map(({ step, scalars }) => ({ step, value: scalars.loss! }))),
      accuracy: history.evaluations.map(({ step, scalars }) => ({ step, value: scalars.accuracy! })),
      pictures: shown(test, predicted),
    };
  } finally {
    optimizer.dispose();
    model.dispose();
  }
}

function drawBatch(
  arrays: ImageArrays,
  batch: number,
  perEpoch: number,
  step: number,
  generator: Generator,
  augment: ReturnType<typeof pipeline>,
) {
  const epoch = Math.floor(step / perEpoch);
  const order = generator.split("order").split(epoch).permutation(arrays.labels.length);
  const from = (step % perEpoch) * batch;
  const plain = batchOf(arrays, order.subarray(from, from + batch));
  const images = augment(plain.images, generator.split("augmentation").split(step));
  plain.images.dispose();
  return { images, labels: plain.labels };
}

async function score(model: LayersModel, set: ImageSet, batch: number, signal?: AbortSignal) {
  const predicted = new Int32Array(set.length);
  let correct = 0;
  for (let from = 0; from < set.length; from += batch) {
    signal?.throwIfAborted();
    const to = Math.min(from + batch, set.length);
    const { x, labels, shape } = set.arrays({ start: from, end: to });
    const classes = tf.tidy(() => {
      const logits = model.apply(standardised(tf.tensor4d(x, shape)), { training: false }) as tf.Tensor2D;
      return tf.argMax(logits, 1);
    });
    predicted.set(await classes.data(), from);
    classes.dispose();
    for (let i = from; i < to; i++) if (predicted[i] === labels[i - from]) correct++;
  }
  return { correct, total: set.length, predicted };
}

/** Means over some sixty stretches. */
function averaged(rows: readonly { step: number; value: number }[]): { step: number; value: number }[] {
  const length = Math.max(1, Math.ceil(rows.length / 60));
  const means: { step: number; value: number }[] = [];
  for (let from = 0; from < rows.length; from += length) {
    const part = rows.slice(from, from + length);
    means.push({
      step: part.at(-1)!.step,
      value: part.reduce((sum, { value }) => sum + value, 0) / part.length,
    });
  }
  return means;
}

function shown(test: ImageSet, predicted: Int32Array): Shown[] {
  const { x, labels, shape } = test.arrays({ end: Math.min(SHOWN, test.length) });
  const [height, width, channels] = [shape[1], shape[2], shape[3]];
  const size = height * width * channels;
  const nameOf = (label: number) => test.classNames?.[label] ?? String(label);
  return Array.from(labels, (label, i) => ({
    data: Array.from(x.subarray(i * size, (i + 1) * size), (value) => Math.round(value * 1000) / 1000),
    width,
    height,
    channels: channels as 1 | 3,
    label: `${nameOf(predicted[i]!)}${predicted[i] === label ? "" : ` (${nameOf(label)})`}`,
  }));
}

/** Reproduced: the lower end of the 95 % interval of the accuracy is above the gate, within the gate's time. */
function judge(runs: readonly CifarResult[]): Verdict {
  const passes = runs.map(({ correct, total, net, data }) => {
    const least = data === "glyphs" ? GLYPHS_ACCURACY : GATES[net].accuracy;
    return wilsonInterval(correct, total).low >= least;
  });
  if (!passes.every(Boolean)) return passes.some(Boolean) ? "partly" : "failed";
  const isInTime = runs.every(({ seconds, net }) => seconds === null || seconds <= GATES[net].seconds);
  return isInTime ? "reproduced" : "partly";
}

function summarise(runs: readonly Run<CifarResult>[], _mode: Mode): Summary {
  const results = runs.map(({ result }) => result);
  const first = results[0]!;
  const percent = (value: number) => Math.round(1000 * value) / 10;
  const isGlyphs = first.data === "glyphs";
  const gate = isGlyphs ? GLYPHS_ACCURACY : GATES[first.net].accuracy;
  const curves = (key: "loss" | "accuracy") =>
    runs.map(({ seed, result }) => ({
      name: `seed ${seed}`,
      x: result[key].map(({ step }) => step),
      y: result[key].map(({ value }) => value),
    }));
  const figures: PlotSpec[] = [
    {
      kind: "grid",
      title: `Training of ${first.net} on ${first.data}`,
      caption: `Left: cross-entropy of training batches. Right: accuracy on ${CHECK_SIZE} test pictures.`,
      plots: [
        {
          kind: "line",
          title: "Loss",
          x: { label: "step" },
          y: { label: "cross-entropy in nats" },
          series: curves("loss"),
        },
        {
          kind: "line",
          title: "Accuracy",
          x: { label: "step" },
          y: { label: "share correct", domain: [0, 1] },
          series: curves("accuracy"),
        },
      ],
    },
    {
      kind: "image",
      title: "Test pictures and what the network says; the truth in brackets where it is wrong",
      images: first.pictures,
    },
  ];
  return {
    verdict: judge(results),
    paperValue: `at least ${percent(gate)} % within ${GATES[first.net].seconds} s`,
    measured: results
      .map(
        ({ correct, total, seconds }) =>
          `${percent(correct / total)} %${seconds === null ? "" : ` in ${Math.round(seconds)} s`}`,
      )
      .join(", "),
    table: runs.map(({ seed, result }) => {
      const { low, high } = wilsonInterval(result.correct, result.total);
      return {
        seed,
        network: result.net,
        data: result.data,
        backend: result.backend,
        "training pictures": result.numTrain,
        steps: result.steps,
        "accuracy %": percent(result.correct / result.total),
        "95 % interval": `${percent(low)} to ${percent(high)}`,
        seconds: result.seconds === null ? null : Math.round(result.seconds),
      };
    }),
    figures,
    notes: [
      isGlyphs
        ? "CIFAR-10 was not found, so generated glyphs stand in; their gate is an accuracy of 80 %."
        : `CIFAR-10, the first ${first.numTrain} training pictures that are on this machine.`,
      "This is a check that training works, not the paper's accuracy: the network is a quarter as wide and trains for minutes.",
    ],
  };
}

/** Trains a small convolutional network on CIFAR-10, as a check of the whole training path. */
export const coreCifar: Experiment<CifarParams, CifarResult> = {
  name: "core-cifar",
  paper: {
    title: "Deep Residual Learning for Image Recognition",
    authors: "Kaiming He, Xiangyu Zhang, Shaoqing Ren, Jian Sun",
    year: 2016,
    arxiv: "1512.03385",
  },
  claim: "A convolutional network learns to tell small photographs apart within minutes.",
  estimate: { quick: 300, full: 900 },
  isMain: false,
  params: (mode) =>
    mode === "quick"
      ? { net: "small", numTrain: 10_000, numTest: 2_000, batch: 64, steps: 240, learningRate: 0.1 }
      : { net: "resnet18", numTrain: 50_000, numTest: 10_000, batch: 64, steps: 700, learningRate: 0.1 },
  run,
  summarise,
};
