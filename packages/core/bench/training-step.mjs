// One training step of a small convolutional network on the current backend, and single convolutions.
// Network: 3→32, 32→32, 32→32, 32→64 stride 2, 64→64, 64→128 stride 2, 128→128, each 3×3 convolution + batch
// normalisation in training mode + ReLU; global average, dense 10; batch 64 of 32×32×3; SGD.

import { inTurns } from "@lab/tooling/bench";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

export const blocks = [
  [32, 1],
  [32, 1],
  [32, 1],
  [64, 2],
  [64, 1],
  [128, 2],
  [128, 1],
];

/** The network out of the engine's own layers. */
export function layersStep() {
  const input = tfl.input({ shape: [32, 32, 3] });
  let x = input;
  for (const [filters, strides] of blocks) {
    x = tfl.layers.conv2d({ filters, kernelSize: 3, strides, padding: "same", useBias: false }).apply(x);
    x = tfl.layers.batchNormalization({}).apply(x);
    x = tfl.layers.reLU().apply(x);
  }
  x = tfl.layers.dense({ units: 10 }).apply(tfl.layers.globalAveragePooling2d({}).apply(x));
  const model = tfl.model({ inputs: input, outputs: x });
  return stepOf((images) => model.apply(images, { training: true }));
}

/** The network out of the engine's ops, batch normalisation as `moments` and `batchNorm`. */
export function opsStep(batch = 64) {
  let channels = 3;
  const weights = blocks.map(([filters, stride]) => {
    const kernel = tf.variable(tf.randomNormal([3, 3, channels, filters], 0, (2 / (9 * channels)) ** 0.5));
    channels = filters;
    return {
      kernel,
      stride,
      scale: tf.variable(tf.ones([filters])),
      offset: tf.variable(tf.zeros([filters])),
    };
  });
  const dense = tf.variable(tf.randomNormal([128, 10], 0, 0.1));
  return stepOf((images) => {
    let x = images;
    for (const { kernel, stride, scale, offset } of weights) {
      x = tf.conv2d(x, kernel, stride, "same");
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      x = tf.relu(tf.batchNorm(x, mean, variance, offset, scale, 1e-5));
    }
    return tf.matMul(tf.mean(x, [1, 2]), dense);
  }, batch);
}

function stepOf(forward, batch = 64) {
  const images = tf.randomNormal([batch, 32, 32, 3]);
  const classes = Array.from({ length: batch }, (_, index) => index % 10);
  const labels = tf.cast(tf.oneHot(tf.tensor1d(classes, "int32"), 10), "float32");
  const optimizer = tf.train.sgd(0.05);
  return async () => {
    const loss = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, forward(images)), true);
    await loss.data();
    loss.dispose();
  };
}

/** Waits for a tensor by reading one number of it, and disposes it. */
export async function readOne(tensor) {
  const first = tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), 0, 1));
  await first.data();
  tf.dispose([first, tensor]);
}

/**
 * Samples of the forward pass and both gradients of one square convolution, taken in turns.
 *
 * @param shape - `{ batch, size, inChannels, outChannels, filter, stride, depthwise }`.
 */
export async function convolution(shape, repeats) {
  const { batch, size, inChannels, outChannels, filter = 3, stride = 1, depthwise = false } = shape;
  const x = tf.randomNormal([batch, size, size, inChannels]);
  const w = tf.randomNormal([filter, filter, inChannels, depthwise ? 1 : outChannels]);
  const out = Math.ceil(size / stride);
  const dy = tf.randomNormal([batch, out, out, depthwise ? inChannels : outChannels]);
  const attributes = { strides: [stride, stride], pad: "same", dataFormat: "NHWC", dilations: [1, 1] };
  const kernel = (name, inputs, extra) => async () => {
    await readOne(tf.engine().runKernel(name, inputs, { ...attributes, ...extra }));
  };
  const plain = depthwise ? "DepthwiseConv2dNative" : "Conv2D";
  const runs = {
    forward: kernel(plain, { x, filter: w }),
    inputGradient: kernel(`${plain}BackpropInput`, { dy, filter: w }, { inputShape: x.shape }),
    filterGradient: kernel(`${plain}BackpropFilter`, { x, dy }, { filterShape: w.shape }),
  };
  const samples = await inTurns(runs, repeats, { warm: 2 });
  tf.dispose([x, w, dy]);
  return samples;
}

/** Operations so small that only their call costs: a thousand of each. */
export function smallOps() {
  const a = tf.ones([8, 8]);
  const x = tf.ones([1, 8, 8, 4]);
  const w = tf.ones([3, 3, 4, 4]);
  const thousand = (f) => () => {
    for (let i = 0; i < 1000; i++) f().dispose();
  };
  return {
    "product 8×8": thousand(() => tf.matMul(a, a)),
    "convolution 1×8×8×4": thousand(() => tf.conv2d(x, w, 1, "same")),
    "sum of 64": thousand(() => tf.sum(a)),
  };
}
