import { mlp, parameters } from "@lab/core/nn";
import { adamw, schedules } from "@lab/core/optim";
import type { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Pictures } from "./pictures.js";

/** What a training step sees: rows of the training set. */
export interface Batch {
  /** Their indices. */
  rows: Int32Array;
  /** Targets, `[batch, 10]`. */
  targets: tf.Tensor2D;
}

/** Options of {@link trainClassifier}. */
export interface ClassifierOptions {
  sizes: readonly number[];
  activation?: "relu" | "tanh";
  steps: number;
  batch: number;
  generator: Generator;
  /** Loss of a batch; cross-entropy at the pictures by default. */
  loss?: (model: LayersModel, batch: Batch) => tf.Scalar;
  signal: AbortSignal;
  onStep?: (step: number) => void;
}

/** Cross-entropy of images `[N, …]` under a model of rows. */
export function crossEntropyOf(model: LayersModel, images: tf.Tensor, targets: tf.Tensor2D): tf.Scalar {
  const rows = tf.reshape(images, [images.shape[0]!, -1]);
  const z = model.apply(rows) as tf.Tensor2D;
  return tf.mean(tf.sub(tf.logSumExp(z, 1), tf.sum(tf.mul(z, targets), 1))) as tf.Scalar;
}

/** A perceptron by AdamW without decay and a cosine schedule. */
export async function trainClassifier(set: Pictures, options: ClassifierOptions): Promise<LayersModel> {
  const { generator, steps, batch, signal } = options;
  const size = set.x.length / set.count;
  const model = mlp({
    sizes: [size, ...options.sizes],
    activation: options.activation ?? "relu",
    generator: generator.split("init"),
  });
  const images = tf.tensor2d(set.x, [set.count, size]);
  const order = generator.split("batches");
  const loss =
    options.loss ??
    ((own: LayersModel, { rows, targets }: Batch) =>
      crossEntropyOf(own, tf.gather(images, tf.tensor1d(rows, "int32")), targets));
  try {
    await fit<Batch>({
      step: (own) => tf.tidy(() => loss(model, own)),
      batches: () => {
        const rows = Int32Array.from(order.float64(batch), (u) => Math.floor(u * set.count));
        const targets = new Float32Array(batch * 10);
        for (const [i, row] of rows.entries()) targets[i * 10 + set.labels[row]!] = 1;
        return { rows, targets: tf.tensor2d(targets, [batch, 10]) };
      },
      steps,
      optimizer: adamw({ learningRate: 1e-3, weightDecay: 0 }),
      schedule: schedules.cosine({ base: 1e-3, steps }),
      variables: parameters(model),
      generators: { batches: order },
      signal,
      ...(options.onStep && { on: ({ step }) => options.onStep!(step) }),
    });
  } finally {
    images.dispose();
  }
  return model;
}

/** Share of pictures that a model of rows classifies rightly. */
export async function accuracyOf(model: LayersModel, images: tf.Tensor, labels: Int32Array): Promise<number> {
  const best = tf.tidy(() =>
    tf.argMax(model.apply(tf.reshape(images, [labels.length, -1])) as tf.Tensor2D, 1),
  );
  const found = await best.data();
  best.dispose();
  let right = 0;
  for (const [i, label] of labels.entries()) if (found[i] === label) right++;
  return right / labels.length;
}
