// One training step of a small convolutional network on one backend, and single convolutions; JSON on the last line.
// Network: 3→32, 32→32, 32→32, 32→64 stride 2, 64→64, 64→128 stride 2, 128→128, each 3×3 convolution + batch
// normalisation in training mode + ReLU; global average, dense 10; batch 64 of 32×32×3; SGD.
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

/** Median and smallest of `repeats` timings in milliseconds, after three runs that do not count. */
export async function time(run, repeats) {
  for (let warm = 0; warm < 3; warm++) await run();
  const times = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1], best: times[0] };
}

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
export function opsStep() {
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
  });
}

function stepOf(forward) {
  const images = tf.randomNormal([64, 32, 32, 3]);
  const classes = Array.from({ length: 64 }, (_, index) => index % 10);
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

/** Forward pass and both gradients of one 3×3 convolution with as many channels out as in. */
export async function convolution(batch, size, channels, repeats) {
  const x = tf.randomNormal([batch, size, size, channels]);
  const w = tf.randomNormal([3, 3, channels, channels]);
  const dy = tf.randomNormal(x.shape);
  const attributes = { strides: [1, 1], pad: "same", dataFormat: "NHWC", dilations: [1, 1] };
  const kernel = (name, inputs, extra) => async () => {
    const result = tf.engine().runKernel(name, inputs, { ...attributes, ...extra });
    await readOne(result);
  };
  return {
    forward: await time(kernel("Conv2D", { x, filter: w }), repeats),
    inputGradient: await time(
      kernel("Conv2DBackpropInput", { dy, filter: w }, { inputShape: x.shape }),
      repeats,
    ),
    filterGradient: await time(kernel("Conv2DBackpropFilter", { x, dy }, { filterShape: w.shape }), repeats),
  };
}
