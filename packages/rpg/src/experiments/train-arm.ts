import { mlp, parameters } from "@lab/core/nn";
import { adamw, schedules } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { type Compressed, compress } from "../compress/index.js";
import type { Share } from "../ring-index/index.js";
import { PIXELS, type Rows } from "./digits.js";

/** How every arm is trained. */
export interface TrainSettings {
  epochs: number;
  batch: number;
  learningRate: number;
}

/** What is trained: a ring of some size, the same network without one, or a narrow one. */
export interface Arm {
  kind: Share | "dense" | "narrow";
  /** Numbers in the ring, or units of the narrow network's hidden layers. */
  size: number;
}

const KEY = 12345;

/** The network of the protocol, without biases: 418,200 weights at width 300. */
export const network = (width: number, seed: number): LayersModel =>
  mlp({
    sizes: [PIXELS, width, width, width, 10],
    bias: false,
    generator: new Generator(seed).split("network"),
  });

/** A network for an arm, and its ring where it has one. */
export function build(arm: Arm, seed: number): { model: LayersModel; compressed: Compressed | undefined } {
  const isPlainNetwork = arm.kind === "dense" || arm.kind === "narrow";
  const model = network(arm.kind === "narrow" ? arm.size : 300, seed);
  const values = [...parameters(model).values()] as tf.Variable[];
  if (isPlainNetwork) {
    // He's fan-in, as the rings have it.
    const generator = new Generator(seed).split("he");
    for (const value of values) {
      const initial = generator.normal(value.shape, 0, Math.sqrt(2 / value.shape[0]!));
      value.assign(initial);
      initial.dispose();
    }
    return { model, compressed: undefined };
  }
  const compressed = compress(model, {
    parameters: arm.size,
    seed: KEY,
    share: arm.kind as Share,
    std: "fanIn",
    generator: new Generator(seed),
  });
  model.dispose();
  return { model: compressed.model, compressed };
}

interface Batch {
  x: tf.Tensor2D;
  y: tf.Tensor1D;
}

function pick(rows: Rows, indices: ArrayLike<number>): Batch {
  const x = new Float32Array(indices.length * PIXELS);
  const labels = new Int32Array(indices.length);
  for (let to = 0; to < indices.length; to++) {
    const from = indices[to]!;
    x.set(rows.x.subarray(from * PIXELS, (from + 1) * PIXELS), to * PIXELS);
    labels[to] = rows.labels[from]!;
  }
  return { x: tf.tensor2d(x, [indices.length, PIXELS]), y: tf.tensor1d(labels, "int32") };
}

/** Mean cross-entropy in nats. */
export const crossEntropy = (model: LayersModel, { x, y }: Batch): tf.Scalar => {
  const logits = model.apply(x, { training: true }) as tf.Tensor2D;
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(y, 10)), 1))) as tf.Scalar;
};

/** Trains a model with Adam and a cosine rate; the same seed gives the same order in every arm. */
export async function train(
  model: LayersModel,
  rows: Rows,
  settings: TrainSettings,
  seed: number,
  hooks: { signal: AbortSignal; on?: (share: number) => void; checkpoint?: string },
): Promise<void> {
  const perEpoch = Math.floor(rows.count / settings.batch);
  const steps = perEpoch * settings.epochs;
  const optimizer = adamw({ learningRate: settings.learningRate, weightDecay: 0 });
  const orders = new Generator(seed).split("order");
  let epoch = -1;
  let order = new Int32Array(0) as Int32Array;
  const batches = (step: number) => {
    const now = Math.floor(step / perEpoch);
    if (now !== epoch) {
      epoch = now;
      order = orders.split(now).permutation(rows.count);
    }
    const from = (step % perEpoch) * settings.batch;
    return pick(rows, order.subarray(from, from + settings.batch));
  };
  try {
    await fit({
      step: (batch: Batch) => crossEntropy(model, batch),
      batches,
      steps,
      optimizer,
      variables: parameters(model, "all"),
      schedule: schedules.cosine({ base: settings.learningRate, steps }),
      signal: hooks.signal,
      ...(hooks.checkpoint === undefined ? {} : { checkpoint: hooks.checkpoint }),
      on: (event) => {
        if (event.type === "step" && event.step % 10 === 0) hooks.on?.(event.step / steps);
      },
    });
  } finally {
    optimizer.dispose();
  }
}

/** Accuracy in percent. */
export async function accuracyOf(model: LayersModel, rows: Rows): Promise<number> {
  let correct = 0;
  for (let from = 0; from < rows.count; from += 1000) {
    const length = Math.min(1000, rows.count - from);
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
  return (100 * correct) / rows.count;
}
