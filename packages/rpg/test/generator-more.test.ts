import { ArgumentError, ShapeError } from "@lab/core";
import { mlp } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { io } from "@tensorflow/tfjs-core";
import { input, loadLayersModel, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import {
  attachGenerators,
  compress,
  importReference,
  ParameterGenerator,
  ringGradient,
  rpgConv2d,
  rpgDense,
  weightDecayMatched,
} from "../src/index.js";
import reference from "./reference/authors.json" with { type: "json" };

const targets = [
  { name: "A", shape: [12], std: 0.5 },
  { name: "B", shape: [6], std: 2 },
];
const ringValues = Float32Array.from({ length: 7 }, (_, j) => Math.sin(1.7 * j + 0.9));

for (const gradient of ["sum", "projected"] as const) {
  test(`matched weight decay is that of the kernels, in value and gradient, ${gradient}`, async () => {
    const generator = new ParameterGenerator(targets, { parameters: 7, seed: 12345, ringStd: 1, gradient });
    generator.setRing(ringValues);
    const decay = weightDecayMatched(0.3);
    const direct = () => {
      const { A, B } = generator.generateAll();
      return tf.mul(0.15, tf.add(tf.sum(tf.square(A!)), tf.sum(tf.square(B!)))) as tf.Scalar;
    };
    for (const change of [() => {}, () => generator.detach("A")]) {
      change();
      // A detached kernel is constant: it adds no gradient, and the term leaves its value out.
      const [ours, expected] = [() => decay(generator), direct].map((loss) =>
        tf.variableGrads(loss, [generator.ring]),
      );
      if (generator.detached.length === 0) {
        await expectClose(ours!.value, expected!.value, { relative: 1e-6 });
      }
      await expectClose(Object.values(ours!.grads)[0]!, Object.values(expected!.grads)[0]!, {
        relative: 1e-5,
        absolute: 1e-6,
      });
    }
    expect(() => weightDecayMatched(-1)).toThrow(ArgumentError);
  });
}

test("matched decay of a compressed model adds its rings", async () => {
  const net = compress(mlp({ sizes: [8, 16, 4], bias: false }), {
    parameters: 40,
    groups: [{ match: /^2/, parameters: 9 }],
  });
  const kernels = net.generators.flatMap((generator) => Object.values(generator.generateAll()));
  const expected = tf.addN(kernels.map((kernel) => tf.sum(tf.square(kernel))));
  await expectClose(weightDecayMatched(2)(net), expected, { relative: 1e-5 });
});

test("an import gives the kernels that the authors' code gives", async () => {
  const generator = importReference(
    Float32Array.from(reference.ring),
    reference.index.map((list) => BigInt64Array.from(list, BigInt)),
    reference.sign,
    { targets: reference.kernels.map(({ name, shape }) => ({ name, shape })) },
  );
  for (const { name, values } of reference.kernels) {
    await expectClose(generator.generate(name), values, { relative: 1e-6, absolute: 1e-6 });
  }
  const spec = JSON.parse(JSON.stringify(generator));
  expect(spec.share).toBe("explicit");
  expect(() => ParameterGenerator.fromJSON(spec)).toThrow(/index/);
});

test("an import that does not fit is refused", () => {
  const one = { targets: [{ name: "k", shape: [2, 2] }] };
  const ring = Float32Array.of(1, 2, 3);
  const signs = [[1, 1, 1, 1]];
  expect(() => importReference(ring, [[0, 1, 2, 3]], signs, one)).toThrow(/index\[0\]\[3\] is 3/);
  expect(() => importReference(ring, [[0, 1, 2, 0]], [[1, 1, 0, 1]], one)).toThrow(/sign\[0\]\[2\] is 0/);
  expect(() => importReference(ring, [[0, 1, 2]], signs, one)).toThrow(ShapeError);
  expect(() => importReference(ring, [], signs, one)).toThrow(/index has 0 kernels/);
});

test("generators that exist are wired into a model, once for each kernel", async () => {
  const build = () => mlp({ sizes: [8, 16, 4], bias: false, generator: new Generator(4) });
  const make = (name: string, shape: number[]) =>
    new ParameterGenerator([{ name, shape, std: 0.3 }], { parameters: 10 });
  const net = attachGenerators(build(), [make("2/kernel", [16, 4])]);
  const x = new Generator(2).normal([3, 8]) as tf.Tensor2D;
  const [first] = build().getWeights();
  const hidden = tf.relu(tf.matMul(x, first as tf.Tensor2D));
  const expected = tf.matMul(hidden, net.generator.generate("2/kernel") as tf.Tensor2D);
  await expectClose(net.model.predict(x) as tf.Tensor, expected, { relative: 1e-5, absolute: 1e-6 });
  expect(() => attachGenerators(build(), [make("3/kernel", [16, 4])])).toThrow(/target 3\/kernel; one of/);
  expect(() => attachGenerators(build(), [make("2/kernel", [4, 16])])).toThrow(ShapeError);
  expect(() => attachGenerators(build(), [make("2/kernel", [16, 4]), make("2/kernel", [16, 4])])).toThrow(
    /twice/,
  );
  expect(() => attachGenerators(build(), [])).toThrow(/generators is empty/);
});

test("the gradient of a network of two layers is that of central differences", async () => {
  const net = compress(mlp({ sizes: [5, 8, 2], activation: "tanh" }), { parameters: 13, seed: 3 });
  const x = new Generator(3).normal([9, 5]);
  const loss = () => tf.mean(tf.square(tf.sub(net.model.apply(x) as tf.Tensor, 1))) as tf.Scalar;
  const { ring } = await ringGradient(net, loss);
  const values = (await net.generator.ring.data()).slice() as Float32Array;
  const h = 1e-2;
  const slopes: number[] = [];
  for (let j = 0; j < values.length; j++) {
    const at = async (step: number) => {
      net.generator.setRing(values.map((value, i) => (i === j ? value + step : value)));
      return (await tf.tidy(loss).data())[0]!;
    };
    slopes.push(((await at(h)) - (await at(-h))) / (2 * h));
  }
  await expectClose(ring, slopes, { relative: 2e-2, absolute: 2e-3 });
});

test("a description keeps the laps of targets that start afresh", () => {
  const generator = new ParameterGenerator(targets, { parameters: 7, origin: "layer" });
  expect(generator.laps).toBe(3);
  expect(ParameterGenerator.fromJSON(generator.toJSON()).laps).toBe(3);
});

test("layers that are marked as frozen are told of", () => {
  const net = mlp({ sizes: [8, 16, 4] });
  net.layers[1]!.trainable = false;
  const heard: string[] = [];
  const compressed = compress(net, { parameters: 3, onWarning: (message) => heard.push(message) });
  expect(heard[0]).toMatch(/0\/kernel.*not trainable.*detach\("0\/kernel"\)/);
  expect(heard[1]).toMatch(/43 % of the degrees of freedom/);
  expect(compressed.warnings).toEqual(heard);
});

test("a model of layers by hand is saved and loaded by the engine, with one ring again", async () => {
  const ring = new ParameterGenerator(
    [
      { name: "conv_1", shape: [3, 3, 2, 4], std: 0.2 },
      { name: "Dense", shape: [4, 3], std: 0.5 },
    ],
    { parameters: 25, seed: "a key with CamelCase_and_snake" },
  );
  const image = input({ shape: [5, 5, 2] });
  const features = rpgConv2d({ ring, name: "conv_1", strides: 2, padding: "valid" }).apply(image);
  const outputs = rpgDense({ ring, name: "Dense" }).apply(features) as SymbolicTensor;
  const net = model({ inputs: image, outputs });
  const x = new Generator(1).normal([2, 5, 5, 2]);
  for (let round = 0; round < 2; round++) {
    let saved: io.ModelArtifacts | undefined;
    await net.save(
      io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
      }),
    );
    const topology = JSON.parse(JSON.stringify(saved!.modelTopology));
    const loaded = await loadLayersModel(io.fromMemory({ ...saved!, modelTopology: topology }));
    expect(loaded.countParams()).toBe(25 + 4 + 3);
    await expectClose(loaded.predict(x) as tf.Tensor, net.predict(x) as tf.Tensor, {
      relative: 0,
      absolute: 0,
    });
  }
});
