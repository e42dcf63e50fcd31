import { checkInteger } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { PointArray, Points } from "../points/points.js";

/** The part of a layers model that is used. */
export interface Predictor {
  /** Output for a batch, in inference mode. */
  predict(x: tf.Tensor): tf.Tensor | tf.Tensor[];
}

/** What {@link embedding} embeds with: a model, or a function of a batch. */
export type EmbeddingModel = Predictor | ((x: tf.Tensor) => tf.Tensor);

/**
 * Embeds points with a network, batch by batch, in inference mode.
 *
 * @param model - A layers model, whose `predict` leaves dropout off, or a function.
 * @param options - Rows in a batch.
 * @returns A function from points in memory to embedded points.
 */
export function embedding(
  model: EmbeddingModel,
  options: { /** @defaultValue 256 */ batchSize?: number } = {},
): (x: Points) => Promise<PointArray> {
  const batchSize = checkInteger("embedding", "batchSize", options.batchSize ?? 256, { min: 1 });
  const embed = (x: tf.Tensor): tf.Tensor => {
    const result = typeof model === "function" ? model(x) : model.predict(x);
    return Array.isArray(result) ? result[0]! : result;
  };
  return async (x) => {
    const [n, d] = x.shape as [number, number];
    const parts: Float32Array[] = [];
    let dim = 0;
    for (let start = 0; start < n; start += batchSize) {
      const count = Math.min(batchSize, n - start);
      const values =
        "dataId" in x
          ? null
          : "chunk" in x
            ? await x.chunk(start, count)
            : x.data.subarray(start * d, (start + count) * d);
      const out = tf.tidy(() => {
        const batch =
          values === null
            ? tf.slice(x as tf.Tensor2D, [start, 0], [count, d])
            : tf.tensor2d(Float32Array.from(values), [count, d]);
        const embedded = embed(batch);
        return tf.reshape(embedded, [count, -1]);
      });
      dim = out.shape[1]!;
      parts.push((await out.data()) as Float32Array);
      out.dispose();
    }
    const data = new Float32Array(n * dim);
    let at = 0;
    for (const part of parts) {
      data.set(part, at);
      at += part.length;
    }
    return { data, shape: [n, dim] };
  };
}
