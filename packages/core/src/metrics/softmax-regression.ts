import {
  add,
  logSumExp,
  matMul,
  mean,
  mul,
  oneHot,
  slice,
  softmax,
  sub,
  sum,
  type Tensor1D,
  type Tensor2D,
  tensor2d,
  tidy,
} from "@tensorflow/tfjs-core";
import { checkAborted } from "../check/index.js";
import { NumericalError } from "../errors/index.js";
import { tidyAsync } from "../memory/index.js";

/** How {@link fitSoftmax} stops. */
export interface SoftmaxFitOptions {
  /** Penalty λ in λ/2·‖W‖², beside the mean loss. */
  l2: number;
  /** Most iterations. */
  maxIterations: number;
  /** Largest entry of the gradient at which it has converged. */
  tolerance: number;
  /** Stops it between iterations. */
  signal?: AbortSignal | undefined;
  /** Called after every iteration. */
  onIteration?: ((iteration: number, loss: number) => void) | undefined;
}

/** A fitted classifier: logits = [x, 1] · weights. */
export interface SoftmaxFit {
  /** Shape `[dim + 1, classes]` in row-major order; the last row is the bias. */
  weights: Float64Array;
  /** Mean loss with the penalty, in nats. */
  loss: number;
  /** Iterations done. */
  iterations: number;
  /** Whether the gradient fell below the tolerance. */
  converged: boolean;
}

const MEMORY = 10;
const SUFFICIENT_DECREASE = 1e-4;

function dot(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

/**
 * Multinomial logistic regression by L-BFGS: products with the data on the device, the small rest on the host in
 * double precision.
 *
 * @see Liu, Nocedal (1989), On the limited memory BFGS method for large scale optimization.
 */
export async function fitSoftmax(
  x: Tensor2D,
  labels: Tensor1D,
  numClasses: number,
  options: SoftmaxFitOptions,
): Promise<SoftmaxFit> {
  const { l2, maxIterations, tolerance, signal, onIteration } = options;
  const dim = x.shape[1];
  const size = (dim + 1) * numClasses;
  return tidyAsync(async (track) => {
    // The engine's oneHot wants two classes or more.
    const targets = track(
      tidy(() => slice(oneHot(labels, Math.max(2, numClasses)), [0, 0], [-1, numClasses])),
    ) as Tensor2D;
    const evaluate = async (weights: Float64Array) => {
      const at = Float32Array.from(weights);
      const { loss, gradient, bias } = tidy(() => lossAndGradient(x, targets, at, dim, numClasses));
      const parts = [track(loss), track(gradient), track(bias)] as const;
      const [value, product, biasGradient] = await Promise.all(parts.map((part) => part.data()));
      for (const part of parts) part.dispose();
      const g = new Float64Array(size);
      g.set(product!);
      g.set(biasGradient!, dim * numClasses);
      let penalty = 0;
      for (let i = 0; i < dim * numClasses; i++) {
        penalty += weights[i]! * weights[i]!;
        g[i]! += l2 * weights[i]!;
      }
      return { loss: value![0]! + (l2 / 2) * penalty, gradient: g };
    };

    let weights: Float64Array = new Float64Array(size);
    let { loss, gradient } = await evaluate(weights);
    const history: { s: Float64Array; y: Float64Array; rho: number }[] = [];
    for (let iteration = 0; ; iteration++) {
      checkAborted(signal);
      if (!Number.isFinite(loss)) {
        throw new NumericalError(
          `linearProbe: the loss is ${loss} at iteration ${iteration}; finite embeddings were expected`,
          { iteration, residual: loss },
        );
      }
      const largest = gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
      const converged = largest <= tolerance;
      if (converged || iteration === maxIterations)
        return { weights, loss, iterations: iteration, converged };

      const direction = twoLoop(gradient, history);
      const slope = dot(direction, gradient);
      // The first step has no scale yet: as long as a gradient step of norm one.
      let step = history.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
      let next = await evaluate(moved(weights, direction, step));
      while (!(next.loss <= loss + SUFFICIENT_DECREASE * step * slope) && step > 1e-10) {
        step /= 2;
        next = await evaluate(moved(weights, direction, step));
      }
      // float32 evaluation has a floor below which nothing decreases any more.
      if (!(next.loss < loss)) return { weights, loss, iterations: iteration, converged: false };
      const s = direction.map((d) => step * d);
      const y = next.gradient.map((g, i) => g - gradient[i]!);
      const curvature = dot(s, y);
      if (curvature > 1e-12 * dot(y, y)) {
        history.push({ s, y, rho: 1 / curvature });
        if (history.length > MEMORY) history.shift();
      }
      weights = moved(weights, direction, step);
      ({ loss, gradient } = next);
      onIteration?.(iteration + 1, loss);
    }
  });
}

const moved = (weights: Float64Array, direction: Float64Array, step: number) =>
  weights.map((weight, i) => weight + step * direction[i]!);

/** −H·gradient with the inverse Hessian H that the history stands for. */
function twoLoop(
  gradient: Float64Array,
  history: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((g) => -g);
  const alphas: number[] = [];
  for (let i = history.length - 1; i >= 0; i--) {
    const { s, y, rho } = history[i]!;
    const alpha = rho * dot(s, q);
    alphas[i] = alpha;
    for (let j = 0; j < q.length; j++) q[j]! -= alpha * y[j]!;
  }
  const last = history[history.length - 1];
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let j = 0; j < q.length; j++) q[j]! *= scale;
  }
  for (const [i, { s, y, rho }] of history.entries()) {
    const beta = rho * dot(y, q);
    for (let j = 0; j < q.length; j++) q[j]! += (alphas[i]! - beta) * s[j]!;
  }
  return q;
}

/** Mean cross-entropy and its gradients with respect to the kernel and the bias. */
function lossAndGradient(
  x: Tensor2D,
  targets: Tensor2D,
  weights: Float32Array,
  dim: number,
  numClasses: number,
) {
  const kernel = tensor2d(weights.subarray(0, dim * numClasses), [dim, numClasses]);
  const bias = tensor2d(weights.subarray(dim * numClasses), [1, numClasses]);
  const logits = add(matMul(x, kernel), bias) as Tensor2D;
  const loss = mean(sub(logSumExp(logits, 1), sum(mul(targets, logits), 1)));
  const error = mul(sub(softmax(logits), targets), 1 / x.shape[0]) as Tensor2D;
  return { loss, gradient: matMul(x, error, true, false), bias: sum(error, 0) };
}
