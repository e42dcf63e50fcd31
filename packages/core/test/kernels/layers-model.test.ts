import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import { Generator } from "../../src/random/index.js";

/** Written as for @tensorflow/tfjs: nothing of this package is used but `init`, which the test's setup awaited. */
function smallNetwork(): tfl.LayersModel {
  return tfl.sequential({
    layers: [
      tfl.layers.conv2d({
        inputShape: [12, 12, 1],
        filters: 8,
        kernelSize: 3,
        padding: "same",
        activation: "relu",
      }),
      tfl.layers.batchNormalization(),
      tfl.layers.maxPooling2d({ poolSize: 2 }),
      tfl.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "same" }),
      tfl.layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: "same" }),
      tfl.layers.averagePooling2d({ poolSize: 3 }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 2, activation: "softmax" }),
    ],
  });
}

test("a model written for plain tfjs trains with convolutions of every kind", async () => {
  const model = smallNetwork();
  model.compile({ optimizer: tf.train.adam(0.01), loss: "sparseCategoricalCrossentropy" });
  // Class 1 has a bright square in its upper left corner.
  const labels = tf.tensor1d(Array.from({ length: 32 }, (_, i) => i % 2));
  const square = tf.pad(tf.ones([5, 5]), [
    [1, 6],
    [1, 6],
  ]);
  const noise = new Generator(1).uniform([32, 12, 12, 1], 0, 0.5);
  const images = tf.add(noise, tf.mul(tf.reshape(labels, [32, 1, 1, 1]), tf.reshape(square, [1, 12, 12, 1])));
  const losses: number[] = [];
  for (let step = 0; step < 25; step++) losses.push((await model.trainOnBatch(images, labels)) as number);
  expect(losses.at(-1)!).toBeLessThan(0.4 * losses[0]!);
});
