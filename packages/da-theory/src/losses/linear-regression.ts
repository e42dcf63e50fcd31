import { ArgumentError, checkChoice, checkInteger, checkNumber, formatShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { DENSE_LIMIT } from "../moments/covariance-host.js";
import { type Images, type ImageValues, imageValues } from "../moments/images.js";
import { KeptSums } from "../moments/kept-sums.js";
import type { Targets } from "../moments/scatter.js";
import type { RuleOptions } from "../rules/rule.js";
import { checkRuleOptions, type RandomTransform } from "../transforms/transform.js";
import type { Head } from "./model.js";
import { solveDense } from "./solve-dense.js";
import { solveIterated } from "./solve-iterated.js";

/** Options of {@link linearRegressionUnderDA}. */
export interface LinearRegressionOptions extends RuleOptions {
  /** Number of classes, for targets made of labels. @defaultValue one more than the largest label */
  numClasses?: number;
  /** Targets `[N, K]`; needed where the data have no labels. */
  targets?: tf.Tensor2D;
  /** Added to the diagonal of the sums over all images. @defaultValue 1e-3 · N */
  l2?: number;
  /** `cholesky` forms the matrix `[D, D]`; `cg` does not. @defaultValue `"auto"`: `cholesky` for up to 4096 values */
  solver?: "auto" | "cholesky" | "cg";
  /**
   * File that keeps the sums every ten seconds and when the work is stopped; the same call goes on from there, to the same
   * bits. Needs Node.
   */
  checkpoint?: string;
}

/** A linear model fitted on infinitely many views. */
export interface LinearRegressionResult extends Head {
  /** `b`. */
  bias: tf.Tensor1D;
  /** Expected squared loss of an image, averaged over images and views, without the `l2` term. */
  expectedLoss: number;
  /** The part of it that is `tr(W Σ_n Wᵀ)`: the regulariser that the augmentation is. */
  penalty: number;
}

/**
 * Least squares on infinitely many augmented views, without sampling any.
 *
 * $W = \bigl(\sum_n (\mu_n - m)(\mu_n - m)^\top + \sum_n \Sigma_n + \lambda I\bigr)^{-1} \sum_n (\mu_n - m)(y_n - \bar y)^\top$,
 * $b = \bar y - Wm$.
 *
 * @param data - Images with labels, or a batch with `targets`.
 * @param t - The transform.
 * @param options - See {@link LinearRegressionOptions}.
 * @returns Tensors that belong to the caller, and the loss.
 * @throws {@link ShapeError}, {@link ArgumentError} when arguments do not fit; {@link NumericalError} when the system is singular or
 *   the iteration does not end; {@link DataError} when `checkpoint` is damaged or belongs to another call; the signal's
 *   reason when it is aborted.
 * @remarks For linear transforms the sums over images reduce to the images' own second moments: the cost does not grow with
 *   their number beyond one product. The limit of sampled fits; their excess loss falls as 1 / views.
 * @see Balestriero, Misra, LeCun (2022), A Data-Augmentation Is Worth A Thousand Samples, section 4.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { linearRegressionUnderDA, translate, uniform } from "@lab/da-theory";
 *
 * await init();
 * const images = tf.tensor4d([0, 1, 0, 0, 0, 0, 1, 0], [2, 1, 4, 1]);
 * const targets = tf.tensor2d([[0], [1]]);
 * const t = translate({ x: uniform(-0.5, 0.5) });
 * const fit = await linearRegressionUnderDA(images, t, { targets, l2: 0.01 });
 * fit.expectedLoss.toFixed(4); // => "0.0358"
 * ```
 */
export async function linearRegressionUnderDA(
  data: Images,
  t: RandomTransform,
  options: LinearRegressionOptions = {},
): Promise<LinearRegressionResult> {
  const caller = "linearRegressionUnderDA";
  checkRuleOptions(caller, options);
  const wanted = checkChoice(caller, "solver", options.solver ?? "auto", ["auto", "cholesky", "cg"]);
  if (options.l2 !== undefined) checkNumber(caller, "l2", options.l2, { min: 0 });
  const images = await imageValues(caller, data);
  const targets = await targetsOf(caller, images, options);
  const l2 = options.l2 ?? 1e-3 * images.count;
  const [h, w, c] = t.outputShape(images.shape);
  const size = h * w * c;
  const solver = wanted === "auto" ? (size <= DENSE_LIMIT ? "cholesky" : "cg") : wanted;
  if (solver === "cholesky" && size > DENSE_LIMIT) {
    throw new ArgumentError(
      `${caller}: images have ${size} values; "cholesky" takes up to ${DENSE_LIMIT}; use "cg"`,
      {
        argument: "solver",
        value: solver,
      },
    );
  }
  const K = targets.numOutputs;
  const targetMean = new Float64Array(K);
  for (const [at, y] of targets.values.entries()) targetMean[at % K]! += y / images.count;
  let spread = 0;
  for (const [at, y] of targets.values.entries()) spread += (y - targetMean[at % K]!) ** 2;
  const kept = await keptSums(images, t, options, targets, [l2, solver]);
  const fit =
    solver === "cholesky"
      ? await solveDense(images, t, options, targets, l2, kept)
      : await solveIterated(images, t, options, targets, targetMean, l2, kept);
  const bias = Float32Array.from(targetMean, (y, k) => {
    let along = 0;
    for (let i = 0; i < size; i++) along += fit.weights[k * size + i]! * fit.mean[i]!;
    return y - along;
  });
  return {
    weights: tf.tensor2d(new Float32Array(fit.weights), [K, size]),
    bias: tf.tensor1d(bias),
    expectedLoss: (spread - 2 * fit.fitted + fit.quadratic) / images.count,
    penalty: fit.withinQuadratic / images.count,
  };
}

async function targetsOf(
  caller: string,
  { labels, count }: ImageValues,
  { targets, numClasses }: LinearRegressionOptions,
): Promise<Targets> {
  if (targets !== undefined) {
    if (targets.rank !== 2 || targets.shape[0] !== count) {
      throw new ShapeError(
        `${caller}: targets has shape ${formatShape(targets.shape)}; [${count},K] was expected`,
        {
          argument: "targets",
          shape: targets.shape,
        },
      );
    }
    return { values: new Float64Array(await targets.data()), numOutputs: targets.shape[1] };
  }
  if (!labels) {
    throw new ArgumentError(
      `${caller}: targets is undefined; [${count},K] was expected, as the data have no labels`,
      {
        argument: "targets",
        value: targets,
      },
    );
  }
  const K = numClasses ?? 1 + labels.reduce((most, label) => Math.max(most, label), 0);
  checkInteger(caller, "numClasses", K, { min: 1 });
  const values = new Float64Array(count * K);
  for (const [n, label] of labels.entries()) {
    checkInteger(caller, `label ${n}`, label, { min: 0, below: K });
    values[n * K + label] = 1;
  }
  return { values, numOutputs: K };
}

/** Sums that belong to these data and options and to no others. */
function keptSums(
  images: ImageValues,
  t: RandomTransform,
  options: LinearRegressionOptions,
  targets: Targets,
  rest: readonly unknown[],
): Promise<KeptSums> {
  const { method, nodes, tolerance, maxNodes, generator, checkpoint } = options;
  const words = [
    images.shape,
    [t.name, t.parameters],
    [method, nodes, tolerance, maxNodes, generator?.state()],
    rest,
  ];
  return KeptSums.open("linearRegressionUnderDA", checkpoint, words, [images.values, targets.values]);
}
