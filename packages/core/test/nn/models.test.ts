import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import {
  input,
  type LayersModel,
  layers,
  model as makeModel,
  type SymbolicTensor,
} from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import {
  type ConvolutionFactory,
  cloneModel,
  convolution,
  mlp,
  parameters,
  resnet,
  unet,
} from "../../src/nn/index.js";
import { adamw } from "../../src/optim/index.js";
import { Generator } from "../../src/random/index.js";
import { expectClose } from "../../src/testing/index.js";
import { fit } from "../../src/train/index.js";

const { counts } = JSON.parse(readFileSync(new URL("../reference/nn.json", import.meta.url), "utf8"));

const trainable = (model: LayersModel) =>
  [...parameters(model).values()].reduce((sum, { size }) => sum + size, 0);

test("the residual networks have exactly torchvision's numbers of parameters", () => {
  expect(counts).toEqual({ resnet18: 11_689_512, resnet34: 21_797_672, resnet50: 25_557_032 });
  for (const depth of [18, 34, 50] as const) {
    const model = resnet({ depth });
    expect(trainable(model)).toBe(counts[`resnet${depth}`]);
    model.dispose();
  }
});

test("the U-net of the usual width has 31,037,633 parameters, counted by hand", () => {
  // 9·in·out + 2·out for each of two convolutions and their normalisation, 4·in·out + out for each transposed one.
  const double = (a: number, b: number) => 9 * a * b + 2 * b + 9 * b * b + 2 * b;
  let expected = double(3, 64) + 64 + 1;
  for (const c of [64, 128, 256, 512]) expected += double(c, 2 * c) + (4 * 2 * c * c + c) + double(2 * c, c);
  expect(expected).toBe(31_037_633);
  const model = unet();
  expect(trainable(model)).toBe(expected);
  model.dispose();
});

test("the same seed gives the same weights, whatever was built before", async () => {
  const values = async (seed: number) => {
    const model = resnet({ depth: 18, classes: 3, stem: "cifar", width: 2, generator: new Generator(seed) });
    return await Promise.all(
      [...parameters(model, "all").values()].map(async (value) => Array.from(await value.data())),
    );
  };
  const first = await values(1);
  expect(await values(1)).toEqual(first);
  expect(await values(2)).not.toEqual(first);
});

test("convolutions start with variance 2 / (filters · area), dense layers within one over the root of the inputs", async () => {
  const model = resnet({ depth: 18, stem: "cifar", width: 16, classes: 100 });
  const kernel = (await parameters(model).get("layer4.1.conv2/kernel")!.data()) as Float32Array;
  const variance = kernel.reduce((sum, value) => sum + value * value, 0) / kernel.length;
  expect(Math.abs(variance / (2 / (128 * 9)) - 1)).toBeLessThan(4 * Math.sqrt(2 / kernel.length));
  const dense = await parameters(model).get("fc/kernel")!.data();
  const bound = 1 / Math.sqrt(128);
  expect(Math.max(...dense)).toBeLessThanOrEqual(bound);
  expect(Math.max(...dense)).toBeGreaterThan(0.99 * bound);
  const perceptron = parameters(mlp({ sizes: [9, 200] }));
  const bias = await perceptron.get("0/bias")!.data();
  expect(Math.max(...bias)).toBeGreaterThan(0.9 / 3);
  expect(Math.max(...bias)).toBeLessThanOrEqual(1 / 3);
});

test("without classes the pooled features come out; the CIFAR stem keeps the size of small images", () => {
  const model = resnet({ depth: 50, classes: null, stem: "cifar", width: 2, channels: 1 });
  expect(model.outputs[0]!.shape).toEqual([null, 64]);
  const features = model.apply(tf.ones([2, 8, 8, 1])) as tf.Tensor;
  expect(features.shape).toEqual([2, 64]);
});

test("a package's own convolution takes the place of every convolution", () => {
  const seen: string[] = [];
  const conv: ConvolutionFactory = (x, options) => {
    seen.push(
      `${options.name} ${options.inChannels} ${options.filters} ${options.kernelSize} ${options.strides}`,
    );
    return convolution(x, options);
  };
  resnet({ depth: 18, width: 4, conv });
  expect(seen.length).toBe(20);
  expect(seen.slice(0, 2)).toEqual(["conv1 3 4 7 2", "layer1.0.conv1 4 4 3 1"]);
  expect(seen).toContain("layer2.0.downsample.0 4 8 1 2");
});

test("running statistics follow the batches with the unbiased variance", async () => {
  const model = mlp({ sizes: [1, 1, 1], batchNorm: true, bias: false });
  const x = tf.tensor2d([[1], [3]]);
  const kernel = (await parameters(model).get("0/kernel")!.data())[0]!;
  model.apply(x, { training: true });
  const all = parameters(model, "all");
  await expectClose(all.get("1/moving_mean")!, [0.1 * 2 * kernel]);
  await expectClose(all.get("1/moving_variance")!, [0.9 + 0.1 * 2 * kernel ** 2]);
});

test("a copy has the same values and its own life, also with a layer of a package and with a foreign model", async () => {
  const x = tf.sin(tf.reshape(tf.range(0, 2 * 8 * 8 * 3), [2, 8, 8, 3]));
  const conv: ConvolutionFactory = (of, options) =>
    layers
      .activation({ activation: "tanh", name: `${options.name}.tanh` })
      .apply(convolution(of, options)) as SymbolicTensor;
  const first = input({ shape: [8, 8, 3] });
  const foreign = makeModel({
    inputs: first,
    outputs: layers.dense({ units: 2 }).apply(layers.flatten().apply(first)) as SymbolicTensor,
  });
  for (const model of [resnet({ depth: 18, width: 2, stem: "cifar", conv }), foreign]) {
    const copy = cloneModel(model);
    const output = (model.apply(x) as tf.Tensor).dataSync();
    await expectClose(copy.apply(x) as tf.Tensor, output);
    const kernel = [...parameters(copy).values()][0] as tf.Variable;
    kernel.assign(tf.zeros(kernel.shape));
    await expectClose(model.apply(x) as tf.Tensor, output);
  }
});

test("a perceptron with batch normalisation learns the sign of a product", async () => {
  const model = mlp({ sizes: [2, 32, 1], batchNorm: true });
  const generator = new Generator(4);
  const history = await fit({
    step: ({ x, y }: { x: tf.Tensor; y: tf.Tensor }) => {
      const logits = model.apply(x, { training: true }) as tf.Tensor;
      return tf.mean(tf.softplus(tf.neg(tf.mul(y, logits))));
    },
    batches: () => {
      const x = generator.normal([64, 2]);
      return { x, y: tf.tidy(() => tf.sign(tf.prod(x, 1, true))) };
    },
    steps: 200,
    optimizer: adamw({ learningRate: 0.03 }),
    variables: parameters(model, "all"),
  });
  const late = history.rows.slice(-20).reduce((sum, { scalars }) => sum + scalars.loss! / 20, 0);
  expect(history.rows[0]!.scalars.loss).toBeGreaterThan(0.55);
  expect(late).toBeLessThan(0.25);
});

test("models free everything they made", () => {
  const before = tf.memory().numTensors;
  const model = resnet({ depth: 18, width: 2, classes: 2, stem: "cifar" });
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test("options out of range are refused with their value", () => {
  expect(() => resnet({ depth: 101 as never })).toThrow(
    "resnet: depth is 101; one of 18, 34, 50 was expected",
  );
  expect(() => resnet({ depth: 18, stem: "mnist" as never })).toThrow(
    /stem is "mnist"; one of "imagenet", "cifar"/,
  );
  expect(() => resnet({ depth: 18, width: 0 })).toThrow(/width is 0/);
  expect(() => resnet({ depth: 18, classes: 1.5 })).toThrow(/classes is 1.5/);
  expect(() => mlp({ sizes: [3] })).toThrow("mlp: sizes is [3]; at least two numbers were expected");
  expect(() => mlp({ sizes: [3, -1] })).toThrow("mlp: sizes[1] is -1; an integer >= 1 was expected");
  expect(() => mlp({ sizes: [3, 1], activation: "cube" as never })).toThrow(/activation is "cube"/);
  expect(() => unet({ depth: 0 })).toThrow(/depth is 0/);
});
