import { ArgumentError, checkAborted, checkChoice, checkInteger } from "@lab/core";
import { assign, parameters } from "@lab/core/nn";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Sample } from "../samplers/index.js";
import { recomputeBatchNorm } from "./recompute-batch-norm.js";

/** Options of {@link bayesianModelAverage}. */
export interface BayesianModelAverageOptions {
  /** Inputs at a time. @defaultValue 256 */
  batchSize?: number;
  /** Training inputs from which batch-norm statistics are recomputed for every sample. @defaultValue none */
  updateBatchNorm?: tf.Tensor;
  /** What the model puts out: logits, turned into probabilities by softmax, or probabilities. @defaultValue `"logits"` */
  output?: "logits" | "probabilities";
  /** Stops between samples. */
  signal?: AbortSignal;
}

/** Class probabilities of a model for all inputs, batch by batch. */
function predict(model: LayersModel, inputs: tf.Tensor, batchSize: number, isLogits: boolean): tf.Tensor2D {
  return tf.tidy(() => {
    const parts: tf.Tensor2D[] = [];
    for (let start = 0; start < inputs.shape[0]!; start += batchSize) {
      const count = Math.min(batchSize, inputs.shape[0]! - start);
      const batch = tf.slice(
        inputs,
        [start, ...inputs.shape.slice(1).map(() => 0)],
        [count, ...inputs.shape.slice(1)],
      );
      const output = model.apply(batch, { training: false }) as tf.Tensor2D;
      parts.push(isLogits ? (tf.softmax(output) as tf.Tensor2D) : output);
    }
    return parts.length === 1 ? parts[0]! : (tf.concat(parts) as tf.Tensor2D);
  });
}

/**
 * Mean prediction over samples of the parameters: $p(y|x) = \frac1J\sum_j \mathrm{softmax}(f_j(x))$.
 *
 * Samples are taken one at a time, so that a stream of them needs the memory of one; the model's own parameters are put
 * back at the end.
 *
 * @param model - The classifier.
 * @param samples - Samples, as an array or as they come; their tensors stay the caller's, except those that come from a
 *   stream, which are freed after use.
 * @param inputs - Shape `[n, …]`.
 * @param options - See {@link BayesianModelAverageOptions}.
 * @returns Probabilities `[n, classes]` that belong to the caller.
 * @throws {@link ArgumentError} when there are no samples.
 */
export async function bayesianModelAverage(
  model: LayersModel,
  samples: AsyncIterable<Sample> | readonly Sample[],
  inputs: tf.Tensor,
  options: BayesianModelAverageOptions = {},
): Promise<tf.Tensor2D> {
  const batchSize = checkInteger("bayesianModelAverage", "batchSize", options.batchSize ?? 256, { min: 1 });
  const output = checkChoice("bayesianModelAverage", "output", options.output ?? "logits", [
    "logits",
    "probabilities",
  ] as const);
  const isLogits = output === "logits";
  const isStream = !Array.isArray(samples);
  const original = new Map([...parameters(model, "all")].map(([name, value]) => [name, tf.clone(value)]));
  let mean: tf.Tensor2D | undefined;
  let count = 0;
  try {
    for await (const sample of samples) {
      checkAborted(options.signal);
      assign(model, sample.parameters);
      if (isStream) for (const tensor of sample.parameters.values()) tensor.dispose();
      if (options.updateBatchNorm) recomputeBatchNorm(model, options.updateBatchNorm, batchSize);
      count += 1;
      const previous: tf.Tensor2D | undefined = mean;
      mean = tf.tidy(() => {
        const predicted = predict(model, inputs, batchSize, isLogits);
        return previous
          ? (tf.add(previous, tf.div(tf.sub(predicted, previous), count)) as tf.Tensor2D)
          : predicted;
      });
      previous?.dispose();
    }
  } finally {
    assign(model, original);
    for (const tensor of original.values()) tensor.dispose();
  }
  if (mean) return mean;
  throw new ArgumentError("bayesianModelAverage: samples holds none; at least one was expected", {
    argument: "samples",
    value: count,
  });
}
