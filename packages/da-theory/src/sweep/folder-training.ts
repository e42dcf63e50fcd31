import type { ImageFolder } from "@lab/core/data";
import { normalizeImageNet } from "@lab/core/image";
import { parameters, resnet } from "@lab/core/nn";
import { schedules, sgd } from "@lab/core/optim";
import type { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import { openFolder } from "./open-folder.js";
import type { SweepOutput } from "./sweep-handler.js";
import { drawViews, type Pictures, type TransformSpec } from "./transform-spec.js";

/** How a residual network is trained on the pictures of a folder. */
export interface FolderTraining {
  /** Folder with `train` and `val`, each with one subfolder a class. */
  dir: string;
  /** Depth of the network. */
  depth: 18 | 34 | 50;
  /** Channels of its first stage. */
  width: number;
  /** Sides to which training pictures are brought before views are cut out of them. */
  stored: number;
  /** Sides of the views. */
  size: number;
  /** Sides of the test pictures. */
  testSize: number;
  /** Passes over the training pictures. */
  epochs: number;
  /** Pictures of an update. */
  batch: number;
  /** Highest learning rate; it rises over a twentieth of the updates and falls to 0 along a cosine. */
  learningRate: number;
  /** Decay of kernels, not of biases and batch norms. */
  weightDecay: number;
  /** Share of a label that goes to all classes. */
  smoothing: number;
  /** Augmentation. */
  transform: TransformSpec | undefined;
  /** File with the state of the training, for another go after a stop; none without. */
  checkpoint: string | undefined;
}

const MOMENTUM = 0.9;
const WARMUP_SHARE = 0.05;
const TESTED_AT_ONCE = 64;

async function decoded(set: ImageFolder, indices: readonly number[]): Promise<Pictures> {
  const { x, labels, shape } = await set.read(indices);
  return { x, labels, shape: [shape[1], shape[2], shape[3]] };
}

/** Trains with one seed and predicts the classes of `val`, averaged over each picture and its mirror image. */
export async function trainOnFolder(
  o: FolderTraining,
  generator: Generator,
  signal: AbortSignal,
): Promise<SweepOutput> {
  const { train, test } = openFolder(o.dir, o);
  const numClasses = train.classNames.length;
  const batch = Math.min(o.batch, train.length);
  const perEpoch = Math.floor(train.length / batch);
  const steps = perEpoch * o.epochs;
  const model = resnet({
    depth: o.depth,
    classes: numClasses,
    width: o.width,
    generator: generator.split("network"),
  });
  const optimizer = sgd({
    learningRate: o.learningRate,
    momentum: MOMENTUM,
    weightDecay: o.weightDecay,
    decoupled: false,
    groups: [{ parameters: (_, variable) => variable.rank === 1, weightDecay: 0 }],
  });
  const [orders, draws] = [generator.split("batches"), generator.split("views")];
  let order: { epoch: number; indices: Int32Array } | undefined;
  const indicesOf = (t: number) => {
    const epoch = Math.floor(t / perEpoch);
    if (order?.epoch !== epoch)
      order = { epoch, indices: Int32Array.from(orders.split(epoch).permutation(train.length)) };
    const from = (t % perEpoch) * batch;
    return Array.from(order.indices.subarray(from, from + batch));
  };
  const warmup = Math.floor(WARMUP_SHARE * steps);
  const after = schedules.cosine({ base: o.learningRate, steps: steps - warmup });
  try {
    await fit({
      batches: async (t: number) => {
        const pictures = await decoded(train, indicesOf(t));
        const all = Array.from({ length: batch }, (_, n) => n);
        const views = drawViews(pictures, all, o.transform, draws.split(t), [o.size, o.size]);
        return tf.tidy(() => ({
          x: normalizeImageNet(tf.tensor4d(views, [batch, o.size, o.size, 3])),
          y: tf.add(
            tf.mul(tf.oneHot(tf.tensor1d(pictures.labels, "int32"), numClasses), 1 - o.smoothing),
            o.smoothing / numClasses,
          ),
        }));
      },
      step: ({ x, y }: { x: tf.Tensor4D; y: tf.Tensor }) => {
        const logits = model.apply(x, { training: true }) as tf.Tensor2D;
        return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), y), 1))) as tf.Scalar;
      },
      steps,
      optimizer,
      variables: parameters(model, "all"),
      schedule: schedules.warmup({ steps: warmup, after }),
      ...(o.checkpoint !== undefined && { checkpoint: o.checkpoint }),
      signal,
    });
    const predictions: number[] = [];
    for (let from = 0; from < test.length; from += TESTED_AT_ONCE) {
      signal.throwIfAborted();
      const count = Math.min(TESTED_AT_ONCE, test.length - from);
      const pictures = await decoded(
        test,
        Array.from({ length: count }, (_, n) => from + n),
      );
      const classes = tf.tidy(() => {
        const x = normalizeImageNet(tf.tensor4d(pictures.x, [count, o.testSize, o.testSize, 3]));
        const both = [x, tf.reverse(x, 2)].map((views) => model.apply(views) as tf.Tensor2D);
        return tf.argMax(tf.add(both[0]!, both[1]!), 1);
      });
      predictions.push(...(await classes.data()));
      classes.dispose();
    }
    return {
      labels: Array.from(test.labels),
      predictions,
      classNames: [...train.classNames],
      data: o.dir.split("/").filter(Boolean).at(-1) ?? o.dir,
    };
  } finally {
    optimizer.dispose();
    model.dispose();
  }
}
