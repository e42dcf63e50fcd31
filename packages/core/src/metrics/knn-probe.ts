import {
  div,
  matMul,
  maximum,
  mul,
  norm,
  slice,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  tidy,
  topk,
  transpose,
} from "@tensorflow/tfjs-core";
import { checkAborted, checkChoice, checkInteger, checkNumber } from "../check/index.js";
import { tidyAsync } from "../memory/index.js";
import type { Progress } from "../progress/index.js";
import { type LabelledEmbeddings, type ProbeResult, readEmbeddings, shareEqual } from "./embeddings.js";

/** Options of {@link knnProbe}. */
export interface KnnProbeOptions {
  /** Number of neighbours that vote. @defaultValue 20, or all training samples when there are fewer */
  k?: number;
  /** Cosine similarity, or Euclidean distance. @defaultValue `"cosine"` */
  metric?: "cosine" | "euclidean";
  /** Votes weigh $e^{s/\tau}$ with the cosine similarity $s$; by default every vote weighs the same. */
  temperature?: number;
  /** Stops the work between blocks of test samples. */
  signal?: AbortSignal;
  /** Receives progress in test samples. */
  onProgress?: (progress: Progress) => void;
}

/** Similarities held on the device at once. */
const BLOCK = 2 ** 22;

/** Keeps a zero vector at similarity 0. */
const SMALLEST_NORM = 1e-12;

/**
 * Classifies test embeddings by the nearest training embeddings.
 *
 * @param train - Embeddings that vote.
 * @param test - Embeddings that are classified.
 * @param options - See {@link KnnProbeOptions}.
 * @returns Accuracy and predictions; a tie goes to the smallest class.
 * @throws {@link ShapeError} when shapes or lengths do not fit.
 * @remarks Exact; one product of `[test, dim]` and `[dim, train]` in blocks of at most 4 million similarities.
 * @see Wu, Xiong, Yu, Lin (2018), Unsupervised feature learning via non-parametric instance discrimination, section 3.4.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { knnProbe } from "@lab/core/metrics";
 *
 * await init();
 * const train = { x: tf.tensor2d([[1, 0], [0.9, 0.1], [0, 1]]), labels: [0, 0, 1] };
 * const test = { x: tf.tensor2d([[5, 1], [-1, 3]]), labels: [0, 1] };
 * (await knnProbe(train, test, { k: 1 })).accuracy; // => 1
 * ```
 */
export async function knnProbe(
  train: LabelledEmbeddings,
  test: LabelledEmbeddings,
  options: KnnProbeOptions = {},
): Promise<ProbeResult> {
  const { signal, onProgress, temperature } = options;
  const metric = checkChoice("knnProbe", "metric", options.metric ?? "cosine", [
    "cosine",
    "euclidean",
  ] as const);
  if (temperature !== undefined) {
    checkNumber("knnProbe", "temperature", temperature, { above: 0 });
    checkChoice("knnProbe", "metric", metric, ["cosine"] as const); // the weight is defined for similarities
  }
  if (options.k !== undefined) checkInteger("knnProbe", "k", options.k, { min: 1, max: train.x.shape[0] });
  const { trainLabels, testLabels, numClasses } = await readEmbeddings("knnProbe", train, test);
  const [numTrain, numTest] = [trainLabels.length, testLabels.length];
  const k = options.k ?? Math.min(20, numTrain);
  const rows = Math.max(1, Math.floor(BLOCK / numTrain));
  const predictions = new Int32Array(numTest);
  const votes = new Float64Array(numClasses);

  await tidyAsync(async (track) => {
    const keys = metric === "cosine" ? track(unitRows(train.x)) : train.x;
    const offset = metric === "cosine" ? undefined : track(squaredNorms(train.x));
    for (let from = 0; from < numTest; from += rows) {
      checkAborted(signal);
      const count = Math.min(rows, numTest - from);
      const { values, indices } = tidy(() => {
        const block = slice(test.x, [from, 0], [count, -1]) as Tensor2D;
        return topk(similarities(block, keys, offset), k, true);
      });
      const [near, at] = await Promise.all([track(values).data(), track(indices).data()]);
      values.dispose();
      indices.dispose();
      for (let row = 0; row < count; row++) {
        votes.fill(0);
        for (let j = row * k; j < (row + 1) * k; j++) {
          // Relative to the nearest, so that a small temperature does not overflow.
          const weight = temperature === undefined ? 1 : Math.exp((near[j]! - near[row * k]!) / temperature);
          votes[trainLabels[at[j]!]!]! += weight;
        }
        let best = 0;
        for (let c = 1; c < numClasses; c++) if (votes[c]! > votes[best]!) best = c;
        predictions[from + row] = best;
      }
      onProgress?.({ done: from + count, total: numTest });
    }
  });
  return { accuracy: shareEqual(predictions, testLabels), predictions };
}

/** Larger is nearer: cosine similarity, or −‖x − y‖² up to a constant of the row. */
function similarities(x: Tensor2D, keys: Tensor2D, squares: Tensor | undefined): Tensor2D {
  if (squares === undefined) return matMul(unitRows(x), keys, false, true);
  return sub(mul(2, matMul(x, keys, false, true)), transpose(squares)) as Tensor2D;
}

function unitRows(x: Tensor2D): Tensor2D {
  return tidy(() => div(x, maximum(norm(x, 2, 1, true), SMALLEST_NORM)) as Tensor2D);
}

function squaredNorms(x: Tensor2D): Tensor {
  return tidy(() => sum(square(x), 1, true));
}
