import { checkAborted, checkInteger } from "@lab/core";
import type { Dataset } from "@lab/core/data";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { checkData, gatherSamples, type Sample } from "./view-source.js";

/** Options of {@link encodeDataset}. */
export interface EncodeDatasetOptions {
  /** Samples encoded at once. @defaultValue 256 */
  batchSize?: number;
  /** Stops the work between batches. */
  signal?: AbortSignal;
}

/** Representations with the classes of their samples, as the probes of `@lab/core/metrics` take them. */
export interface EncodedDataset {
  /** `[samples, features]`; the caller disposes it. */
  x: tf.Tensor2D;
  /** Class of each sample; 0 where the data has none. */
  labels: Int32Array;
}

/**
 * Runs a whole data set through a model in inference mode.
 *
 * @param backbone - From a batch of samples to `[batch, features]`.
 * @param data - Samples with random access, at least one.
 * @param options - See {@link EncodeDatasetOptions}.
 * @returns See {@link EncodedDataset}.
 * @throws {@link ArgumentError} for data without random access; the signal's reason when aborted.
 */
export async function encodeDataset(
  backbone: LayersModel,
  data: Dataset<Sample | { x: tf.Tensor; label: number }>,
  options: EncodeDatasetOptions = {},
): Promise<EncodedDataset> {
  const batchSize = checkInteger("encodeDataset", "batchSize", options.batchSize ?? 256, { min: 1 });
  const { length } = checkData("encodeDataset", data, 1);
  const parts: tf.Tensor2D[] = [];
  const labels = new Int32Array(length);
  try {
    for (let start = 0; start < length; start += batchSize) {
      checkAborted(options.signal);
      const size = Math.min(batchSize, length - start);
      const indices = Int32Array.from({ length: size }, (_, i) => start + i);
      const batch = await gatherSamples(data, indices, labels.subarray(start, start + size));
      parts.push(tf.tidy(() => backbone.apply(batch, { training: false }) as tf.Tensor2D));
      batch.dispose();
    }
    return { x: tf.concat(parts, 0), labels };
  } finally {
    tf.dispose(parts);
  }
}
