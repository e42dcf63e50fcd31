import {
  ArgumentError,
  checkChoice,
  checkInteger,
  checkNumber,
  formatShape,
  NumericalError,
  ShapeError,
} from "@lab/core";
import { choleskyHost, choleskySolveHost } from "@lab/core/linalg";
import * as tf from "@tensorflow/tfjs-core";
import { DENSE_LIMIT } from "../moments/covariance-host.js";
import { breather, viewsOf } from "../moments/host-moments.js";
import { type Images, type ImageValues, imageValues } from "../moments/images.js";
import { scatterOf, type Targets } from "../moments/scatter.js";
import type { RuleOptions } from "../rules/rule.js";
import { checkRuleOptions, type RandomTransform } from "../transforms/transform.js";
import type { Head } from "./model.js";

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
 *   the iteration does not end; the signal's reason when it is aborted.
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
  const fit =
    solver === "cholesky"
      ? await solveDense(images, t, options, targets, l2)
      : await solveIterated(images, t, options, targets, targetMean, l2);
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

interface Fit {
  /** `[K, D]` row by row. */
  weights: Float64Array;
  mean: Float64Array;
  /** `tr(W C)` with the cross products `C`. */
  fitted: number;
  /** `tr(W S Wᵀ)`, without the ridge. */
  quadratic: number;
  /** `tr(W Σ_n Σ_n Wᵀ)`. */
  withinQuadratic: number;
}

async function solveDense(
  images: ImageValues,
  t: RandomTransform,
  options: RuleOptions,
  targets: Targets,
  l2: number,
): Promise<Fit> {
  const { mean, within, between, cross } = await scatterOf(images, t, options, targets);
  const size = mean.length;
  const K = targets.numOutputs;
  const system = within.map((value, at) => value + between[at]!);
  for (let i = 0; i < size; i++) system[i * size + i]! += l2;
  const factor = choleskyHost(system, size);
  // Right-hand sides in columns.
  const right = new Float64Array(size * K);
  for (let k = 0; k < K; k++) for (let i = 0; i < size; i++) right[i * K + k] = cross[k * size + i]!;
  const solution = choleskySolveHost(factor, right, size, K);
  const weights = new Float64Array(K * size);
  for (let k = 0; k < K; k++) for (let i = 0; i < size; i++) weights[k * size + i] = solution[i * K + k]!;
  let [fitted, total, withinQuadratic] = [0, 0, 0];
  for (let k = 0; k < K; k++) {
    const row = weights.subarray(k * size, (k + 1) * size);
    for (let i = 0; i < size; i++) {
      fitted += row[i]! * cross[k * size + i]!;
      let [all, own] = [0, 0];
      for (let j = 0; j < size; j++) {
        all += within[i * size + j]! * row[j]! + between[i * size + j]! * row[j]!;
        own += within[i * size + j]! * row[j]!;
      }
      total += row[i]! * all;
      withinQuadratic += row[i]! * own;
    }
  }
  return { weights, mean, fitted, quadratic: total, withinQuadratic };
}

const CG_TOLERANCE = 1e-7;
const CG_LIMIT = 1000;

/** Conjugate gradients for all outputs side by side: one pass over all views an iteration. */
async function solveIterated(
  images: ImageValues,
  t: RandomTransform,
  options: RuleOptions,
  targets: Targets,
  targetMean: Float64Array,
  l2: number,
): Promise<Fit> {
  const { values, shape, count } = images;
  const K = targets.numOutputs;
  const inSize = shape[0] * shape[1] * shape[2];
  const [h, w, c] = t.outputShape(shape);
  const size = h * w * c;
  const rule = t.rule(shape, options);
  const pause = breather(options.signal);
  const eachView = async (visit: (view: Float64Array, weight: number, n: number) => void) => {
    const view = new Float64Array(size);
    for (let n = 0; n < count; n++) {
      const image = Float64Array.from(values.subarray(n * inSize, (n + 1) * inSize));
      const views = await viewsOf(image, shape, t, rule, options);
      for (let q = 0; q < rule.count; q++) {
        views.view(q, view);
        visit(view, rule.weights[q]!, n);
      }
      await pause();
    }
  };
  const mean = new Float64Array(size);
  const cross = new Float64Array(K * size);
  const means = new Float64Array(count * size);
  await eachView((view, weight, n) => {
    for (let i = 0; i < size; i++) {
      means[n * size + i]! += weight * view[i]!;
      mean[i]! += (weight / count) * view[i]!;
    }
  });
  for (let n = 0; n < count; n++) {
    for (let k = 0; k < K; k++) {
      const y = targets.values[n * K + k]! - targetMean[k]!;
      for (let i = 0; i < size; i++) cross[k * size + i]! += y * (means[n * size + i]! - mean[i]!);
    }
  }
  /** Both parts of the system times rows `[K, D]`. */
  const times = async (rows: Float64Array) => {
    const total = new Float64Array(K * size);
    await eachView((view, weight) => {
      for (let k = 0; k < K; k++) {
        let dot = 0;
        for (let i = 0; i < size; i++) dot += (view[i]! - mean[i]!) * rows[k * size + i]!;
        const scaled = weight * dot;
        for (let i = 0; i < size; i++) total[k * size + i]! += scaled * (view[i]! - mean[i]!);
      }
    });
    return total;
  };
  const dotOf = (a: Float64Array, b: Float64Array, k: number) => {
    let sum = 0;
    for (let i = k * size; i < (k + 1) * size; i++) sum += a[i]! * b[i]!;
    return sum;
  };
  const weights = new Float64Array(K * size);
  const residual = cross.slice();
  const direction = cross.slice();
  const start = Float64Array.from({ length: K }, (_, k) => dotOf(cross, cross, k));
  const squares = start.slice();
  const isOpen = (k: number) => squares[k]! > CG_TOLERANCE ** 2 * start[k]!;
  const all = Array.from({ length: K }, (_, k) => k);
  let worst = Number.POSITIVE_INFINITY;
  for (let iteration = 1; all.some(isOpen); iteration++) {
    const product = await times(direction);
    worst = 0;
    for (const k of all.filter(isOpen)) {
      for (let i = k * size; i < (k + 1) * size; i++) product[i]! += l2 * direction[i]!;
      const curvature = dotOf(direction, product, k);
      if (curvature <= 0) {
        squares[k] = 0;
        continue;
      }
      const step = squares[k]! / curvature;
      for (let i = k * size; i < (k + 1) * size; i++) {
        weights[i]! += step * direction[i]!;
        residual[i]! -= step * product[i]!;
      }
      const next = dotOf(residual, residual, k);
      const ratio = next / squares[k]!;
      squares[k] = next;
      for (let i = k * size; i < (k + 1) * size; i++) direction[i] = residual[i]! + ratio * direction[i]!;
      worst = Math.max(worst, Math.sqrt(next / start[k]!));
    }
    options.onProgress?.({ done: iteration, total: CG_LIMIT, metrics: { residual: worst } });
    if (iteration === CG_LIMIT && all.some(isOpen)) {
      throw new NumericalError(
        `linearRegressionUnderDA: the relative residual is ${worst} after ${iteration} iterations; at most ${CG_TOLERANCE} was expected; raise l2`,
        { iteration, residual: worst },
      );
    }
  }
  const product = await times(weights);
  let [fitted, quadratic, between] = [0, 0, 0];
  for (const k of all) {
    fitted += dotOf(weights, cross, k);
    quadratic += dotOf(weights, product, k);
    for (let n = 0; n < count; n++) {
      let dot = 0;
      for (let i = 0; i < size; i++) dot += (means[n * size + i]! - mean[i]!) * weights[k * size + i]!;
      between += dot * dot;
    }
  }
  return { weights, mean, fitted, quadratic, withinQuadratic: Math.max(0, quadratic - between) };
}
