// One call of every kernel that core adds or replaces on some backend, at a size where the work and not the call costs.
import {
  colorJitter,
  gaussianBlur,
  gridSample,
  pipeline,
  randomFlip,
  randomGrayscale,
  randomResizedCrop,
} from "@lab/core/image";
import {
  cholesky,
  eigh,
  eigvalsh,
  qr,
  slogdet,
  solve,
  svd,
  svdvals,
  triangularSolve,
} from "@lab/core/linalg";
import { batchNorm } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";

const CONVOLUTION = { strides: [1, 1], pad: "same", dataFormat: "NHWC", dilations: [1, 1] };
const POOLING = { filterSize: [3, 3], strides: [2, 2], pad: "same" };
const ORDER = 64;

/** Functions by the name of their kernel; each gives tensors that the caller frees. */
export async function kernelCases() {
  const generator = new Generator(1);
  const normal = (...shape) => generator.normal(shape);
  const run = (name, inputs, attrs = {}) => tf.engine().runKernel(name, inputs, attrs);
  const [x, dy] = [normal(16, 16, 16, 32), normal(16, 16, 16, 32)];
  const [filter, taps] = [normal(3, 3, 32, 32), normal(3, 3, 32, 1)];
  const vector = normal(32);
  const positive = tf.add(tf.square(normal(32)), 0.5);
  const largest = run("MaxPool", { x }, POOLING);
  const slopes = normal(...largest.shape);
  const [a, b] = [normal(2048, 64), normal(2048, 64)];
  const symmetric = tf.tidy(() => {
    const m = normal(8, ORDER, ORDER);
    return tf.add(tf.div(tf.matMul(m, m, false, true), ORDER), tf.eye(ORDER));
  });
  const right = normal(8, ORDER, 8);
  const [lower, asked] = [cholesky(symmetric), normal(8, ORDER, 8)];
  // What has been read once is also at hand on the host, which linear algebra on WebGPU asks for.
  for (const tensor of [symmetric, lower, asked]) await tensor.data();
  const indices = tf.tensor1d(
    Array.from({ length: 4096 }, (_, i) => (i * 7) % 10),
    "int32",
  );
  const images = tf.sigmoid(normal(16, 32, 32, 3));
  const grid = tf.mul(normal(16, 32, 32, 2), 0.5);
  const augment = (...steps) => {
    const all = pipeline(...steps);
    return () => all(images, new Generator(2));
  };
  const shape = { inputShape: x.shape };
  const fused = { ...CONVOLUTION, activation: "relu" };
  const gradientOf = (f, ...at) => {
    const gradients = tf.grads((...given) => tf.sum(f(...given)));
    return () => gradients(at);
  };
  return {
    Conv2D: () => run("Conv2D", { x, filter }, CONVOLUTION),
    Conv2DBackpropInput: () => run("Conv2DBackpropInput", { dy, filter }, { ...CONVOLUTION, ...shape }),
    Conv2DBackpropFilter: () =>
      run("Conv2DBackpropFilter", { x, dy }, { ...CONVOLUTION, filterShape: filter.shape }),
    DepthwiseConv2dNative: () => run("DepthwiseConv2dNative", { x, filter: taps }, CONVOLUTION),
    DepthwiseConv2dNativeBackpropInput: () =>
      run("DepthwiseConv2dNativeBackpropInput", { dy, filter: taps }, { ...CONVOLUTION, ...shape }),
    DepthwiseConv2dNativeBackpropFilter: () =>
      run("DepthwiseConv2dNativeBackpropFilter", { x, dy }, { ...CONVOLUTION, filterShape: taps.shape }),
    FusedConv2D: () => run("FusedConv2D", { x, filter, bias: vector }, fused),
    FusedDepthwiseConv2D: () => run("FusedDepthwiseConv2D", { x, filter: taps, bias: vector }, fused),
    BatchMatMul: () => tf.matMul(a, b, true, false),
    _FusedMatMul: () => tf.fused.matMul({ a, b, transposeA: true, activation: "relu" }),
    FusedBatchNorm: () => tf.batchNorm(x, vector, positive, vector, vector),
    LabFusedBatchNormGrad: gradientOf(
      (input, scale) => tf.batchNorm(input, vector, positive, vector, scale),
      x,
      vector,
    ),
    LabBatchNormValue: () => Object.values(batchNorm(x, vector, vector)),
    LabBatchNormGrad: gradientOf((input) => batchNorm(input, vector, vector).value, x),
    MaxPool: () => run("MaxPool", { x }, POOLING),
    MaxPoolGrad: () => run("MaxPoolGrad", { dy: slopes, input: x, output: largest }, POOLING),
    AvgPool: () => run("AvgPool", { x }, POOLING),
    AvgPoolGrad: () => run("AvgPoolGrad", { dy: slopes, input: x }, POOLING),
    Sum: () => tf.sum(x, [0, 1, 2]),
    Mean: () => tf.mean(x, [0, 1, 2]),
    Identity: () => tf.clone(x),
    Einsum: () => tf.einsum("bij,bjk->bik", symmetric, symmetric),
    OneHot: () => tf.oneHot(indices, 10, 1, 0, "float32"),
    UnsortedSegmentSum: () => tf.unsortedSegmentSum(segmentValues(indices), indices, 10),
    Relu: () => tf.relu(x),
    LabCholesky: () => cholesky(symmetric),
    LabTriangularSolve: () => triangularSolve(lower, right),
    LabSolve: () => solve(symmetric, asked),
    LabSlogdet: () => Object.values(slogdet(symmetric)),
    LabEigh: () => Object.values(eigh(symmetric)),
    LabEigvalsh: () => eigvalsh(symmetric),
    LabSvd: () => Object.values(svd(symmetric)),
    LabSvdvals: () => svdvals(symmetric),
    LabQr: () => Object.values(qr(symmetric)),
    LabGridSample: () => gridSample(images, grid),
    LabGridSampleGradImages: gradientOf((input) => gridSample(input, grid), images),
    LabGridSampleGradGrid: gradientOf((input) => gridSample(images, input), grid),
    LabResizedCrop: augment(randomResizedCrop({ size: 32 })),
    LabFlip: augment(randomFlip()),
    LabAdjustColors: augment(colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 })),
    LabGrayscale: augment(randomGrayscale()),
    LabBlur: augment(gaussianBlur({ kernel: 3 })),
  };
}

const segmentValues = (indices) => tf.reshape(tf.cast(indices, "float32"), [-1, 1]);
