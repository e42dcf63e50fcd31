import { ArgumentError, checkInteger, tidyAsync } from "@lab/core";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { forward, type Head, lossFunction, type Model, numOutputsOf, targetOf } from "../losses/model.js";
import { type LossMomentsOptions, lossMoments } from "../losses/output-moments.js";
import { imageShapeOf } from "../moments/augmented-moments.js";
import { breather } from "../moments/host-moments.js";
import { viewMaker } from "../moments/view-batch.js";
import type { RandomTransform } from "../transforms/transform.js";

/** Options of {@link convergenceCurve}. */
export interface ConvergenceCurveOptions extends LossMomentsOptions {
  /** Numbers of augmentations. */
  counts: readonly number[];
  /** Independent repetitions of each. */
  repeats: number;
  /** Source of the augmentations. */
  generator: Generator;
}

/** Error of a sampled expected loss. */
export interface ConvergencePoint {
  /** Number of augmentations K. */
  count: number;
  /** `√(Var ℓ / K) / E ℓ`. */
  predictedRms: number;
  /** Root mean square of the relative error over the repetitions. */
  observedRms: number;
}

/** Views of one forward pass. */
const BLOCK_VALUES = 2 ** 20;

/**
 * Error of the expected loss against the number of augmentations, predicted and observed.
 *
 * @param model - A network or a linear head.
 * @param image - Shape `[height, width, channels]`.
 * @param label - Class, or target `[K]`.
 * @param t - The transform; the moments must come from a rule whose error is far below that of the samples.
 * @param options - See {@link ConvergenceCurveOptions}.
 * @returns One point for each count. A repetition uses its first K draws for the count K.
 * @throws {@link ShapeError}, {@link ArgumentError} when arguments do not fit; the signal's reason when it is aborted.
 */
export async function convergenceCurve(
  model: Model | Head,
  image: tf.Tensor3D,
  label: number | tf.Tensor1D,
  t: RandomTransform,
  options: ConvergenceCurveOptions,
): Promise<ConvergencePoint[]> {
  const shape = imageShapeOf("convergenceCurve", image);
  const { counts, generator } = options;
  const repeats = checkInteger("convergenceCurve", "repeats", options.repeats, { min: 1 });
  if (counts.length === 0) {
    throw new ArgumentError("convergenceCurve: counts is []; at least one count was expected", {
      argument: "counts",
      value: counts,
    });
  }
  for (const [i, count] of counts.entries())
    checkInteger("convergenceCurve", `counts[${i}]`, count, { min: 1 });
  const m = await lossMoments(model, image, label, t, options);
  const most = Math.max(...counts);
  const lossOf = lossFunction("convergenceCurve", options.loss ?? "crossEntropy");
  const squares = new Float64Array(counts.length);
  const pause = breather(options.signal);
  await tidyAsync(async (track) => {
    const target = track(targetOf("convergenceCurve", label, numOutputsOf(model, t.outputShape(shape))));
    const maker = await viewMaker(image, t);
    const block = Math.max(1, Math.floor(BLOCK_VALUES / image.size));
    for (let r = 0; r < repeats; r++) {
      const losses = new Float64Array(most);
      for (let k = 0; k < most; k += block) {
        await pause();
        const count = Math.min(block, most - k);
        const theta = t.sample(count, generator, shape);
        const parameters = new Float64Array(await theta.data());
        theta.dispose();
        const own = tf.tidy(() => lossOf(forward(model, maker.make(parameters, count)), target));
        losses.set(await own.data(), k);
        own.dispose();
      }
      let sum = 0;
      const sums = losses.map((loss) => {
        sum += loss;
        return sum;
      });
      for (const [i, count] of counts.entries())
        squares[i]! += (sums[count - 1]! / count / m.mean - 1) ** 2 / repeats;
      options.onProgress?.({ done: r + 1, total: repeats });
    }
  });
  return counts.map((count, i) => ({
    count,
    predictedRms: Math.sqrt(m.cv2 / count),
    observedRms: Math.sqrt(squares[i]!),
  }));
}
