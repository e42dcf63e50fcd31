import type { Augmentation } from "@lab/core/image";
import { parameters } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Pictures } from "./pictures.js";

/** How a network is trained on pictures. */
export interface PictureTraining {
  epochs: number;
  batch: number;
  optimizer: tf.Optimizer;
  /** Rate of step `t` of `steps`. */
  rate: (t: number, steps: number) => number;
  augment: Augmentation;
  seed: number;
  signal: AbortSignal;
  /** Receives the share that is done. */
  on: (share: number) => void;
  /** File from which a stopped training goes on. */
  checkpoint?: string;
}

interface Batch {
  x: tf.Tensor4D;
  y: tf.Tensor;
}

/** Trains by cross-entropy; everything random of a step follows from its number. */
export async function trainPictures(
  model: LayersModel,
  pictures: Pictures,
  options: PictureTraining,
): Promise<void> {
  const { batch, optimizer, rate, augment, seed } = options;
  const perEpoch = Math.max(1, Math.floor(pictures.count / batch));
  const steps = perEpoch * options.epochs;
  const generator = new Generator(seed);
  let epoch = -1;
  let order = new Int32Array(0) as Int32Array;
  await fit({
    batches: async (t: number): Promise<Batch> => {
      const now = Math.floor(t / perEpoch);
      if (now !== epoch) {
        epoch = now;
        order = generator.split("order").split(now).permutation(pictures.count);
      }
      const from = (t % perEpoch) * batch;
      const { x, labels } = await pictures.at(order.subarray(from, from + batch));
      const augmented = augment(x, generator.split("augmentation").split(t));
      x.dispose();
      const y = tf.tidy(() =>
        tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), pictures.numClasses), "float32"),
      );
      return { x: augmented, y };
    },
    step: ({ x, y }: Batch) =>
      tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor),
    steps,
    optimizer,
    variables: parameters(model, "all"),
    schedule: (t) => rate(t, steps),
    signal: options.signal,
    ...(options.checkpoint === undefined ? {} : { checkpoint: options.checkpoint }),
    on: (event) => {
      if (event.type === "step") options.on(event.step / steps);
    },
  });
}

/** Accuracy in percent; `crop` cuts the middle of the pictures. */
export async function pictureAccuracy(
  model: LayersModel,
  pictures: Pictures,
  signal: AbortSignal,
  crop?: number,
): Promise<number> {
  const atOnce = 250;
  let correct = 0;
  for (let from = 0; from < pictures.count; from += atOnce) {
    signal.throwIfAborted();
    const length = Math.min(atOnce, pictures.count - from);
    const { x, labels } = await pictures.at(Array.from({ length }, (_, i) => from + i));
    const classes = tf.tidy(() => {
      const [height, width] = [x.shape[1], x.shape[2]];
      const middle =
        crop === undefined
          ? x
          : tf.slice(x, [0, (height - crop) >> 1, (width - crop) >> 1, 0], [-1, crop, crop, -1]);
      return tf.argMax(model.apply(middle, { training: false }) as tf.Tensor, 1);
    });
    const found = await classes.data();
    tf.dispose([x, classes]);
    labels.forEach((label, i) => {
      if (label === found[i]) correct++;
    });
  }
  return (100 * correct) / pictures.count;
}
