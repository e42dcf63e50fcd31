import { BackendError } from "@lab/core";
import { randomResizedCrop } from "@lab/core/image";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { batchesOf, type Rows } from "./images.js";
import { SOURCE_BATCH, type SourceTask } from "./training.js";

/** A contrastive loss of two views, row by row. */
export type ContrastiveLoss = (first: tf.Tensor2D, second: tf.Tensor2D) => tf.Tensor;

/** Outputs of the network while it learns without labels; the layer is dropped downstream, as a projector is. */
export const EMBEDDING = 32;
/** Deviation of the noise in a view. */
const NOISE = 0.2;
const TEMPERATURE = 0.5;

/** SimCLR's loss of `@lab/ssl-losses`, which is loaded when a source task without labels asks for it. */
export async function simclrLoss(): Promise<ContrastiveLoss> {
  let losses: typeof import("@lab/ssl-losses");
  try {
    losses = await import("@lab/ssl-losses");
  } catch (cause) {
    throw new BackendError(
      "priors-sources: @lab/ssl-losses cannot be imported; it gives the loss of the source task without labels; install it",
      { backend: "@lab/ssl-losses" },
      { cause },
    );
  }
  return (first, second) => losses.ntXent(first, second, { temperature: TEMPERATURE });
}

/** Two views of a batch as rows of pixels. */
interface Views {
  first: tf.Tensor2D;
  second: tf.Tensor2D;
}

/** The source task without labels: two random crops with noise of a picture belong together. */
export function unlabelled(rows: Rows, generator: Generator, loss: ContrastiveLoss): SourceTask<Views> {
  const side = Math.round(Math.sqrt(rows.dim));
  const crop = randomResizedCrop({ size: side, scale: [0.5, 1] });
  const pictures = batchesOf(rows, SOURCE_BATCH, generator);
  const size = SOURCE_BATCH * rows.dim;
  // Drawing new noise for each view would take longer than the rest of the step: stretches of a long one differ enough.
  const noise = Float32Array.from(generator.split("noise").normal64(2 * size), (value) => NOISE * value);
  return {
    batches: (step) => {
      const views = generator.split("views").split(step);
      return tf.tidy(() => {
        const square = tf.reshape(pictures(step).x, [-1, side, side, 1]) as tf.Tensor4D;
        const view = (name: string) => {
          const own = views.split(name);
          const from = Math.floor(own.split("noise").float64(1)[0]! * size);
          const added = tf.tensor2d(noise.subarray(from, from + size), [SOURCE_BATCH, rows.dim]);
          return tf.add(tf.reshape(crop(square, own), [-1, rows.dim]), added) as tf.Tensor2D;
        };
        return { first: view("first"), second: view("second") };
      }) as Views;
    },
    loss: (model: LayersModel, { first, second }: Views) =>
      tf.tidy(() => {
        const embed = (view: tf.Tensor2D) => model.apply(view, { training: true }) as tf.Tensor2D;
        return loss(embed(first), embed(second)) as tf.Scalar;
      }),
  };
}
