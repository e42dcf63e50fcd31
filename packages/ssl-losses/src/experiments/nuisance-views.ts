import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { DIM, type NuisanceData } from "./nuisance-data.js";

/** Share of the nuisance that a view draws anew, where positives are easy. */
export const WEAK = 0.5;

const onDevice = (values: Float32Array) => tf.tensor2d(values, [values.length / DIM, DIM]);

/** Two views of some samples, each with the share `freshness` of the nuisance redrawn. */
export function twoViews(
  data: NuisanceData,
  indices: ArrayLike<number>,
  freshness: number,
  noise: Generator,
): [tf.Tensor2D, tf.Tensor2D] {
  return [onDevice(data.views(indices, freshness, noise)), onDevice(data.views(indices, freshness, noise))];
}

/** Two views of the batch of a step, in a new order each epoch. */
export function viewBatches(
  data: NuisanceData,
  batch: number,
  freshness: number,
  rows: Generator,
): (step: number) => [tf.Tensor2D, tf.Tensor2D] {
  const perEpoch = Math.floor(data.count / batch);
  let [epoch, order] = [-1, new Int32Array(0)];
  return (step) => {
    const at = step % perEpoch;
    if (Math.floor(step / perEpoch) !== epoch) {
      epoch = Math.floor(step / perEpoch);
      order = rows.split(epoch).permutation(data.count) as Int32Array<ArrayBuffer>;
    }
    return twoViews(
      data,
      order.subarray(at * batch, (at + 1) * batch),
      freshness,
      rows.split(`views ${step}`),
    );
  };
}

/** All samples as they are through a function, with their labels; the caller disposes `x`. */
export function encodeAll(
  encode: (x: tf.Tensor2D) => tf.Tensor2D,
  data: NuisanceData,
  generator: Generator,
): { x: tf.Tensor2D; labels: Int32Array } {
  const x = tf.tidy(() => {
    const all = Int32Array.from({ length: data.count }, (_, i) => i);
    return encode(onDevice(data.views(all, 0, generator)));
  });
  return { x, labels: data.labels };
}
