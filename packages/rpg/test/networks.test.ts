import { ArgumentError } from "@lab/core";
import { mlp, parameters } from "@lab/core/nn";
import { adamw } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import { type CheckpointStore, fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import { input, layers, loadLayersModel, model, sequential } from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
// @ts-expect-error The example is plain JavaScript.
import { trainInParallel } from "../examples/data-parallel/main.mjs";
// @ts-expect-error The example is plain JavaScript.
import { network, loss as partOfLoss } from "../examples/data-parallel/problem.mjs";
import {
  applyGradient,
  compress,
  degreesOfFreedom,
  exportModel,
  loadArtifact,
  ParameterGenerator,
  ringGradient,
  ringPlot,
  rpgConv2d,
  rpgDense,
  rpgResnet,
  saveArtifact,
  spectrumPlot,
  usagePlot,
} from "../src/index.js";

test("ResNet18 of ImageNet has the paper's counts at one layer's ring", () => {
  const net = rpgResnet({ depth: 18, classes: 1000, parameters: "largestLayer" });
  const report = degreesOfFreedom(net);
  expect(report).toMatchObject({
    ring: 2_359_296,
    generated: 11_157_504,
    dense: 11_689_512,
    free: { stem: 9408, norm: 9600, bias: 0, head: 513_000, other: 0 },
  });
  expect(report.ratioAll).toBeCloseTo(0.2473, 4);
  expect(report.ratioGenerated).toBeCloseTo(0.2115, 4);
  expect(report.layers.length).toBe(19);
  net.dispose();
});

test("the reference deviation gives the authors' factors", () => {
  const { generator } = rpgResnet({ depth: 18, classes: 10, stem: "cifar", width: 16, parameters: 5000 });
  const { ringStd, targets } = generator.toJSON();
  expect(ringStd).toBeCloseTo(0.0208333, 7);
  const factor = (name: string) => targets.find(([target]) => target === name)![2] / ringStd;
  // 512 * 9 over out * k^2, with a quarter of the authors' channels: twice their 1.414 at 64 channels.
  expect(factor("layer3.0.conv1/kernel")).toBeCloseTo(2 * Math.sqrt(2), 6);
  expect(factor("layer3.0.downsample.0/kernel") / factor("layer3.0.conv1/kernel")).toBeCloseTo(3, 6);
});

test("a residual network trains from its ring, is saved and exported", async () => {
  const net = rpgResnet({ depth: 18, classes: 4, stem: "cifar", width: 4, parameters: 500 });
  const x = new Generator(1).normal([4, 8, 8, 3]);
  const y = tf.oneHot(tf.tensor1d([0, 1, 2, 3], "int32"), 4);
  const optimizer = tf.train.adam(3e-3);
  const loss = () => tf.losses.softmaxCrossEntropy(y, net.model.apply(x, { training: true }) as tf.Tensor);
  const losses: number[] = [];
  for (let step = 0; step < 12; step++) {
    const gradient = await ringGradient(net, loss as () => tf.Scalar);
    losses.push(gradient.loss);
    expect(gradient.ring.length).toBe(500);
    applyGradient(net, gradient, optimizer);
  }
  expect(losses.at(-1)!).toBeLessThan(0.6 * losses[0]!);
  const expected = net.model.predict(x) as tf.Tensor;
  const again = await loadArtifact(await saveArtifact(net));
  await expectClose(again.model.predict(x) as tf.Tensor, expected, { relative: 0, absolute: 0 });
  await expectClose(exportModel(net).predict(x) as tf.Tensor, expected, { relative: 0, absolute: 0 });
});

test("gradients of two halves average to that of the whole", async () => {
  const net = compress(mlp({ sizes: [6, 10, 2] }), { parameters: 30 });
  const x = new Generator(1).normal([8, 6]);
  const of = (part: tf.Tensor) =>
    ringGradient(net, () => tf.mean(tf.square(net.model.apply(part) as tf.Tensor)) as tf.Scalar);
  const [a, b, whole] = [await of(tf.slice(x, 0, 4)), await of(tf.slice(x, 4, 4)), await of(x)];
  await expectClose(
    a.ring.map((value, i) => (value + b.ring[i]!) / 2),
    whole.ring,
    { relative: 1e-5, absolute: 1e-6 },
  );
  expect(() => applyGradient(net, { ring: new Float32Array(3), free: whole.free }, tf.train.sgd(1))).toThrow(
    /ring has 3 numbers; 30/,
  );
});

test("layers written by hand share one ring that is trained once", async () => {
  const ring = new ParameterGenerator(
    [
      { name: "conv", shape: [3, 3, 2, 4], std: 0.2 },
      { name: "dense", shape: [4, 3], std: 0.5 },
    ],
    { parameters: 25 },
  );
  const image = input({ shape: [5, 5, 2] });
  const features = rpgConv2d({ ring, name: "conv", strides: 2 }).apply(image) as typeof image;
  const output = rpgDense({ ring, name: "dense", useBias: false }).apply(features) as typeof image;
  expect(features.shape).toEqual([null, 3, 3, 4]);
  const net = model({ inputs: image, outputs: output });
  expect(net.countParams()).toBe(25 + 4);
  const x = tf.ones([2, 5, 5, 2]);
  const direct = tf.conv2d(x as tf.Tensor4D, ring.generate("conv") as tf.Tensor4D, 2, "same");
  const flat = tf.matMul(tf.reshape(direct, [18, 4]) as tf.Tensor2D, ring.generate("dense") as tf.Tensor2D);
  await expectClose(net.predict(x) as tf.Tensor, tf.reshape(flat, [2, 3, 3, 3]), { relative: 1e-5 });
  expect(() => rpgDense({ ring, name: "conv" })).toThrow(ArgumentError);
});

test("layers by hand take the engine's options, check sizes and refuse what they would ignore", async () => {
  const ring = new ParameterGenerator(
    [
      { name: "conv", shape: [3, 3, 1, 4], std: 0.2 },
      { name: "dense", shape: [4, 3], std: 0.5 },
    ],
    { parameters: 25 },
  );
  const net = sequential({
    layers: [
      rpgConv2d({
        ...{ ring, name: "conv", filters: 4, kernelSize: 3, padding: "valid", dilationRate: 2 },
        ...{ activation: "relu", useBias: false, inputShape: [7, 7, 1] },
      }),
      layers.globalAveragePooling2d({}),
      rpgDense({ ring, name: "dense", units: 3, activation: "softmax" }),
    ],
  });
  expect(net.layers[0]!.outputShape).toEqual([null, 3, 3, 4]);
  const x = new Generator(1).normal([2, 7, 7, 1]) as tf.Tensor4D;
  const convolved = tf.conv2d(x, ring.generate("conv") as tf.Tensor4D, 1, "valid", "NHWC", 2);
  const mean = tf.mean(tf.relu(convolved), [1, 2]) as tf.Tensor2D;
  const expected = tf.softmax(tf.matMul(mean, ring.generate("dense") as tf.Tensor2D));
  await expectClose(net.predict(x) as tf.Tensor, expected, { relative: 1e-5 });
  let saved: tf.io.ModelArtifacts | undefined;
  await net.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
  const again = await loadLayersModel(tf.io.fromMemory(saved!));
  await expectClose(again.predict(x) as tf.Tensor, expected, { relative: 1e-5 });
  expect(() => rpgDense({ ring, name: "dense", units: 4 })).toThrow(
    "units is 4; the target's 3 was expected",
  );
  expect(() => rpgConv2d({ ring, name: "conv", kernelSize: [3, 5] })).toThrow("kernelSize is 3,5");
  const regularized = { ring, name: "dense", kernelRegularizer: "l1l2" };
  expect(() => rpgDense(regularized)).toThrow("kernelRegularizer is no option");
});

test("figures show the ring, its uses and the cliff of plain sharing", async () => {
  const net = compress(mlp({ sizes: [30, 30], bias: false }), { parameters: 90, share: "plain" });
  expect((await ringPlot(net.generator)).series[0]!.values.length).toBe(90);
  const { series: both } = await ringPlot(net.generator, { before: [1, 2] });
  expect(both.map(({ name, values }) => [name, values.length])).toEqual([
    ["before", 2],
    ["now", 90],
  ]);
  expect(usagePlot(net.generator)).toMatchObject({ categories: ["10"], series: [{ y: [90] }] });
  const { series } = await spectrumPlot(net);
  const y = series[0]!.y as number[];
  expect(y.filter((value) => value > 1e-4 * y[0]!).length).toBe(3);
});

test("a run that is stopped goes on to the same losses", async () => {
  const x = new Generator(1).normal([8, 6]);
  const attempt = async (checkpoint: CheckpointStore, stopAt: number) => {
    const net = compress(mlp({ sizes: [6, 10, 2] }), { parameters: 30 });
    const stop = new AbortController();
    const history = fit({
      step: () => tf.mean(tf.square(tf.sub(net.model.apply(x) as tf.Tensor, 1))),
      batches: () => null,
      steps: 12,
      optimizer: adamw({ learningRate: 0.01 }),
      variables: parameters(net.model, "all"),
      checkpoint,
      signal: stop.signal,
      on: ({ type, step }) => {
        if (type === "step" && step === stopAt) stop.abort(new Error("stopped"));
      },
    });
    return history.then(({ rows }) => rows.map(({ scalars }) => scalars.loss!));
  };
  const memory = (): CheckpointStore => {
    let kept: Uint8Array | undefined;
    return {
      name: "memory",
      read: async () => kept,
      write: async (bytes) => {
        kept = bytes;
      },
    };
  };
  const whole = await attempt(memory(), -1);
  const store = memory();
  await expect(attempt(store, 7)).rejects.toThrow("stopped");
  expect(await attempt(store, -1)).toEqual(whole);
});

test("two workers that send gradients of a ring train as one with the whole batch", async () => {
  const parallel = await trainInParallel({ steps: 4, workers: 2, batch: 80 });
  const net = network();
  const optimizer = tf.train.adam(0.004);
  const losses: number[] = [];
  for (let step = 0; step < 4; step++) {
    const from = (step * 80) % 320;
    const value = optimizer.minimize(() => partOfLoss(net, from, from + 80) as tf.Scalar, true, [
      net.generator.ring,
    ])!;
    losses.push((await value.data())[0]!);
  }
  await expectClose(parallel.losses, losses, { relative: 1e-4 });
  await expectClose(net.generator.ring, parallel.ring, { relative: 1e-3, absolute: 1e-4 });
  expect(losses[3]!).toBeLessThan(losses[0]!);
  expect(parallel.traffic).toMatchObject({ total: 8000, dense: 4 * (784 * 100 + 100 * 100 + 100 * 10) });
});
