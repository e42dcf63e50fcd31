import { adamw, schedules } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { Network } from "./networks.js";
import { drawViews, type Pictures, type TransformSpec } from "./transform-spec.js";

/** How a network of a sweep is trained. */
export interface Training {
  /** Updates. */
  steps: number;
  /** Images of an update. */
  batch: number;
  /** Learning rate of AdamW at the start; it falls to 0 along a cosine. */
  learningRate: number;
  /** Decoupled weight decay. */
  weightDecay: number;
  /** Augmentation. */
  transform: TransformSpec | undefined;
}

const PREDICTED_AT_ONCE = 1000;

/** Trains a network on augmented pictures. One seed gives the same batches whatever the augmentation. */
export async function trainNetwork(
  network: Network,
  images: Pictures,
  numClasses: number,
  training: Training,
  generator: Generator,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { steps, batch, learningRate, weightDecay, transform } = training;
  const [order, draws] = [generator.split("batches"), generator.split("views")];
  const optimizer = adamw({ learningRate, weightDecay });
  const count = images.labels.length;
  try {
    await fit({
      batches: (t: number) => {
        const u = order.split(t).float64(batch);
        const chosen = Int32Array.from(u, (v) => Math.floor(v * count));
        const views = drawViews(images, chosen, transform, draws.split(t));
        const classes = chosen.map((i) => images.labels[i]!);
        return {
          x: tf.tensor4d(views, [batch, ...images.shape]),
          y: tf.tidy(() => tf.oneHot(tf.tensor1d(classes, "int32"), numClasses)),
        };
      },
      step: ({ x, y }: { x: tf.Tensor4D; y: tf.Tensor }) =>
        tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(network.apply(x)), y), 1))) as tf.Scalar,
      steps,
      optimizer,
      variables: network.variables,
      schedule: schedules.cosine({ base: learningRate, steps }),
      ...(signal && { signal }),
    });
  } finally {
    optimizer.dispose();
  }
}

/** Predicted classes. */
export async function predictClasses(network: Network, images: Pictures): Promise<number[]> {
  const count = images.labels.length;
  const size = images.x.length / Math.max(1, count);
  const out: number[] = [];
  for (let from = 0; from < count; from += PREDICTED_AT_ONCE) {
    const to = Math.min(count, from + PREDICTED_AT_ONCE);
    const classes = tf.tidy(() =>
      tf.argMax(
        network.apply(tf.tensor4d(images.x.slice(from * size, to * size), [to - from, ...images.shape])),
        1,
      ),
    );
    out.push(...(await classes.data()));
    classes.dispose();
  }
  return out;
}

/** A seed's own generator for one purpose. */
export const seeded = (seed: number, purpose: string): Generator => new Generator(seed).split(purpose);
