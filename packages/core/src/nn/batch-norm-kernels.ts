import * as tf from "@tensorflow/tfjs-core";
import { callKernel, type HostKernel, hasHostKernel, registerHostKernel } from "../host-kernel/index.js";

const MOMENTS = "LabBatchMoments";
const VALUE = "LabBatchNormValue";
const GRADIENT = "LabBatchNormGrad";

/** Kernels over rows of channels; those of the backends `wasm` and `cpu`. */
const kernels: readonly HostKernel[] = [
  {
    name: MOMENTS,
    inputs: ["x"],
    outputShapes: ([x]) => [[x![1]!], [x![1]!]],
    compute([x], [mean, variance], [size]) {
      const [rows, channels] = size!;
      const sums = new Float64Array(channels!);
      const squares = new Float64Array(channels!);
      for (let row = 0, at = 0; row < rows!; row++) {
        for (let c = 0; c < channels!; c++, at++) {
          const value = x![at]!;
          sums[c]! += value;
          squares[c]! += value * value;
        }
      }
      for (let c = 0; c < channels!; c++) {
        const average = sums[c]! / rows!;
        mean![c] = average;
        // Doubles keep the difference exact enough; rounding may still take it just below 0.
        variance![c] = Math.max(0, squares[c]! / rows! - average * average);
      }
    },
  },
  {
    name: VALUE,
    inputs: ["x", "gamma", "beta", "mean", "inverse"],
    outputShapes: ([x]) => [x!],
    compute([x, gamma, beta, mean, inverse], [y], [size]) {
      const [rows, channels] = size!;
      const scale = new Float64Array(channels!);
      const shift = new Float64Array(channels!);
      for (let c = 0; c < channels!; c++) {
        scale[c] = gamma![c]! * inverse![c]!;
        shift[c] = beta![c]! - mean![c]! * scale[c]!;
      }
      for (let row = 0, at = 0; row < rows!; row++) {
        for (let c = 0; c < channels!; c++, at++) y![at] = x![at]! * scale[c]! + shift[c]!;
      }
    },
  },
  {
    name: GRADIENT,
    inputs: ["dy", "x", "gamma", "mean", "inverse"],
    outputShapes: ([, x]) => [x!, [x![1]!], [x![1]!]],
    compute([dy, x, gamma, mean, inverse], [dx, dGamma, dBeta], [size]) {
      const [rows, channels] = size!;
      const sums = new Float64Array(channels!);
      const products = new Float64Array(channels!);
      for (let row = 0, at = 0; row < rows!; row++) {
        for (let c = 0; c < channels!; c++, at++) {
          const slope = dy![at]!;
          sums[c]! += slope;
          products[c]! += slope * (x![at]! - mean![c]!);
        }
      }
      // dx = s (dy - mean(dy) - (x - mean) k), an affine function of dy and x in each channel
      const scale = new Float64Array(channels!);
      const slope = new Float64Array(channels!);
      const offset = new Float64Array(channels!);
      for (let c = 0; c < channels!; c++) {
        scale[c] = gamma![c]! * inverse![c]!;
        slope[c] = (-scale[c]! * products[c]! * inverse![c]! ** 2) / rows!;
        offset[c] = (-scale[c]! * sums[c]!) / rows! - slope[c]! * mean![c]!;
        dGamma![c] = products[c]! * inverse![c]!;
        dBeta![c] = sums[c]!;
      }
      for (let row = 0, at = 0; row < rows!; row++) {
        for (let c = 0; c < channels!; c++, at++) {
          dx![at] = dy![at]! * scale[c]! + x![at]! * slope[c]! + offset[c]!;
        }
      }
    },
  },
];

/** Makes the kernels known to the engine. */
export function registerBatchNormKernels(): void {
  for (const kernel of kernels) registerHostKernel(kernel);
}

const detach = (x: tf.Tensor2D): tf.Tensor2D =>
  tf.customGrad((value) => ({
    value: tf.clone(value as tf.Tensor2D),
    gradFunc: (dy: tf.Tensor | tf.Tensor[]) => tf.zerosLike(dy as tf.Tensor2D),
  }))(x) as tf.Tensor2D;

/** Mean and variance of each column; no gradient passes. */
export function batchMoments(values: tf.Tensor2D): { mean: tf.Tensor1D; variance: tf.Tensor1D } {
  const x = detach(values);
  if (hasHostKernel(MOMENTS)) {
    const [mean, variance] = callKernel(MOMENTS, { x: x });
    return { mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
  }
  const mean = tf.mean(x, 0) as tf.Tensor1D;
  const variance = tf.mean(tf.square(tf.sub(x, mean)), 0);
  return { mean, variance: variance as tf.Tensor1D };
}

/** `gamma * (x - mean) * inverse + beta`. */
export function batchNormValue(
  x: tf.Tensor2D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  mean: tf.Tensor1D,
  inverse: tf.Tensor1D,
): tf.Tensor2D {
  if (hasHostKernel(VALUE)) return callKernel(VALUE, { x, gamma, beta, mean, inverse })[0] as tf.Tensor2D;
  const scale = tf.mul(gamma, inverse);
  return tf.add(tf.mul(x, scale), tf.sub(beta, tf.mul(mean, scale)));
}

/** Gradients of the loss by the input, the scales and the shifts. */
export function batchNormGradient(
  dy: tf.Tensor2D,
  x: tf.Tensor2D,
  gamma: tf.Tensor1D,
  mean: tf.Tensor1D,
  inverse: tf.Tensor1D,
): { dx: tf.Tensor; dGamma: tf.Tensor; dBeta: tf.Tensor } {
  if (hasHostKernel(GRADIENT)) {
    const [dx, dGamma, dBeta] = callKernel(GRADIENT, { dy, x, gamma, mean, inverse });
    return { dx: dx!, dGamma: dGamma!, dBeta: dBeta! };
  }
  const normalised = tf.mul(tf.sub(x, mean), inverse);
  const dBeta = tf.sum(dy, 0);
  const dGamma = tf.sum(tf.mul(dy, normalised), 0);
  const rows = x.shape[0];
  const centred = tf.sub(tf.sub(dy, tf.div(dBeta, rows)), tf.mul(normalised, tf.div(dGamma, rows)));
  return { dx: tf.mul(centred, tf.mul(gamma, inverse)), dGamma, dBeta };
}
