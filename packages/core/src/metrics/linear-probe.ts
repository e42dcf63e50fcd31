import {
  add,
  argMax,
  div,
  matMul,
  maximum,
  moments,
  slice,
  sqrt,
  sub,
  type Tensor,
  type Tensor2D,
  tensor1d,
  tensor2d,
  tidy,
} from "@tensorflow/tfjs-core";
import { checkInteger, checkNumber } from "../check/index.js";
import { tidyAsync } from "../memory/index.js";
import type { Progress } from "../progress/index.js";
import { type LabelledEmbeddings, type ProbeResult, readEmbeddings, shareEqual } from "./embeddings.js";
import { fitSoftmax } from "./softmax-regression.js";

/** Options of {@link linearProbe}. */
export interface LinearProbeOptions {
  /** Penalty λ: λ/2 times the squared norm of the weights, not of the bias, is added to the mean loss. @defaultValue 1e-4 */
  l2?: number;
  /** Brings every dimension to mean 0 and variance 1, measured on the training embeddings. @defaultValue true */
  standardise?: boolean;
  /** Most iterations of L-BFGS. @defaultValue 200 */
  maxIterations?: number;
  /** Largest entry of the gradient at which the fit has converged. @defaultValue 1e-5 */
  tolerance?: number;
  /** Stops the fit between iterations. */
  signal?: AbortSignal;
  /** Receives the iteration, and the loss as a metric. */
  onProgress?: (progress: Progress) => void;
}

/** What {@link linearProbe} found. */
export interface LinearProbeResult extends ProbeResult {
  /** Mean training loss with the penalty, in nats. */
  loss: number;
  /** Iterations done. */
  iterations: number;
  /** Whether the gradient fell below the tolerance. */
  converged: boolean;
}

/** Variance below which a dimension is constant and stays unscaled. */
const CONSTANT = 1e-12;

/**
 * Classifies test embeddings by a linear softmax fitted to the training embeddings.
 *
 * The fit is a convex problem solved to convergence, so that the result depends on no seed, rate or schedule.
 *
 * @param train - Embeddings that the classifier is fitted to.
 * @param test - Embeddings that are classified.
 * @param options - See {@link LinearProbeOptions}.
 * @returns Accuracy, predictions, and how the fit went.
 * @throws {@link ShapeError} when shapes or lengths do not fit; {@link NumericalError} when the loss is not finite.
 * @remarks Two products of `[train, dim]` with `[dim, classes]` an iteration, on the device. scikit-learn's `C` is
 * `1 / (l2 · samples)`.
 */
export async function linearProbe(
  train: LabelledEmbeddings,
  test: LabelledEmbeddings,
  options: LinearProbeOptions = {},
): Promise<LinearProbeResult> {
  const { standardise = true, signal, onProgress } = options;
  const l2 = checkNumber("linearProbe", "l2", options.l2 ?? 1e-4, { min: 0 });
  const maxIterations = checkInteger("linearProbe", "maxIterations", options.maxIterations ?? 200, {
    min: 1,
  });
  const tolerance = checkNumber("linearProbe", "tolerance", options.tolerance ?? 1e-5, { above: 0 });
  const { trainLabels, testLabels, numClasses } = await readEmbeddings("linearProbe", train, test);

  return tidyAsync(async (track) => {
    let change = (x: Tensor2D): Tensor2D => tidy(() => add(x, 0) as Tensor2D);
    if (standardise) {
      const { mean, variance } = moments(train.x, 0);
      const [centre, scale] = [track(mean), track(scaleOf(track(variance)))];
      change = (x) => tidy(() => div(sub(x, centre), scale) as Tensor2D);
    }
    const x = track(change(train.x));
    const labels = track(tensor1d(Int32Array.from(trainLabels), "int32"));
    const { weights, loss, iterations, converged } = await fitSoftmax(x, labels, numClasses, {
      l2,
      maxIterations,
      tolerance,
      signal,
      onIteration: (done, current) =>
        onProgress?.({ done, total: maxIterations, metrics: { loss: current } }),
    });
    const classes = tidy(() => {
      const all = tensor2d(Float32Array.from(weights), [x.shape[1] + 1, numClasses]);
      const [kernel, bias] = [slice(all, [0, 0], [x.shape[1], -1]), slice(all, [x.shape[1], 0], [1, -1])];
      return argMax(add(matMul(change(test.x), kernel as Tensor2D), bias), 1);
    });
    const predictions = Int32Array.from(await track(classes).data());
    return { accuracy: shareEqual(predictions, testLabels), predictions, loss, iterations, converged };
  });
}

function scaleOf(variance: Tensor): Tensor {
  return tidy(() => sqrt(maximum(variance, CONSTANT)));
}
