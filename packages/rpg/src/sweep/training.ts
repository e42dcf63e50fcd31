import { parameters } from "@lab/core/nn";
import { adamw, schedules } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { SweepRows, SweepTraining } from "./problem.js";

/** A part of the examples. */
export interface Batch {
  x: tf.Tensor;
  y: tf.Tensor1D;
}

/** What a training tells and how it is stopped. */
export interface TrainHooks {
  signal?: AbortSignal | undefined;
  /** Receives the share that is done. */
  on?: ((share: number) => void) | undefined;
  /** File from which a stopped training goes on. */
  checkpoint?: string | undefined;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** Chosen examples as tensors. */
export function pick(rows: SweepRows, indices: ArrayLike<number>): Batch {
  const size = sizeOf(rows.shape);
  const x = new Float32Array(indices.length * size);
  const labels = new Int32Array(indices.length);
  for (let to = 0; to < indices.length; to++) {
    const from = indices[to]!;
    x.set(rows.x.subarray(from * size, (from + 1) * size), to * size);
    labels[to] = rows.labels[from]!;
  }
  return { x: tf.tensor(x, [indices.length, ...rows.shape]), y: tf.tensor1d(labels, "int32") };
}

/** The first `count` examples. */
export const firstRows = (rows: SweepRows, count: number): SweepRows => ({
  x: rows.x.subarray(0, count * sizeOf(rows.shape)),
  shape: rows.shape,
  labels: rows.labels.subarray(0, count),
});

/** Mean cross-entropy of a model's logits in nats. */
export function crossEntropy(model: LayersModel, { x, y }: Batch): tf.Scalar {
  const logits = model.apply(x, { training: true }) as tf.Tensor2D;
  const truth = tf.oneHot(y, logits.shape[1]);
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), truth), 1))) as tf.Scalar;
}

/** Trains with Adam and a cosine rate; the same seed gives the same order of examples to every model. */
export async function train(
  model: LayersModel,
  rows: SweepRows,
  settings: SweepTraining,
  seed: number,
  hooks: TrainHooks = {},
): Promise<void> {
  const count = rows.labels.length;
  const batch = Math.min(settings.batch, count);
  const perEpoch = Math.floor(count / batch);
  const steps = perEpoch * settings.epochs;
  const optimizer = adamw({ learningRate: settings.learningRate, weightDecay: 0 });
  const orders = new Generator(seed).split("order");
  let epoch = -1;
  let order = new Int32Array(0) as Int32Array;
  const batches = (step: number) => {
    const now = Math.floor(step / perEpoch);
    if (now !== epoch) {
      epoch = now;
      order = orders.split(now).permutation(count);
    }
    const from = (step % perEpoch) * batch;
    return pick(rows, order.subarray(from, from + batch));
  };
  try {
    await fit({
      step: (part: Batch) => crossEntropy(model, part),
      batches,
      steps,
      optimizer,
      variables: parameters(model, "all"),
      schedule: schedules.cosine({ base: settings.learningRate, steps }),
      ...(hooks.signal && { signal: hooks.signal }),
      ...(hooks.checkpoint === undefined ? {} : { checkpoint: hooks.checkpoint }),
      on: (event) => {
        if (event.type === "step" && event.step % 10 === 0) hooks.on?.(event.step / steps);
      },
    });
  } finally {
    optimizer.dispose();
  }
}

const TEST_BATCH = 1000;

/** Share of examples in percent whose class has the largest logit. */
export async function accuracyOf(model: LayersModel, rows: SweepRows): Promise<number> {
  const count = rows.labels.length;
  let correct = 0;
  for (let from = 0; from < count; from += TEST_BATCH) {
    const length = Math.min(TEST_BATCH, count - from);
    const hits = tf.tidy(() => {
      const { x, y } = pick(
        rows,
        Array.from({ length }, (_, i) => from + i),
      );
      const classes = tf.argMax(model.apply(x, { training: false }) as tf.Tensor2D, 1);
      return tf.sum(tf.cast(tf.equal(classes, y), "int32"));
    });
    correct += (await hits.data())[0]!;
    hits.dispose();
  }
  return (100 * correct) / count;
}
