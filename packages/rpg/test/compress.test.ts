import { ArgumentError } from "@lab/core";
import { mlp, parameters } from "@lab/core/nn";
import { sgd } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import { input, type LayersModel, layers, model, regularizers, sequential } from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import { compress, degreesOfFreedom, exportModel, loadArtifact, saveArtifact } from "../src/index.js";

const net = (seed = 1) => mlp({ sizes: [8, 16, 4], generator: new Generator(seed) });
const images = () => new Generator(5).normal([6, 8]) as tf.Tensor2D;

async function trained(compressed: LayersModel, steps: number): Promise<number[]> {
  const x = images();
  const optimizer = sgd({ learningRate: 0.05 });
  const history = await fit({
    step: () => tf.mean(tf.square(tf.sub(compressed.apply(x) as tf.Tensor, 1))),
    batches: () => null,
    steps,
    optimizer,
    variables: parameters(compressed),
  });
  optimizer.dispose();
  return history.rows.map(({ scalars }) => scalars.loss!);
}

test("a compressed model trains its ring and its biases only, and learns", async () => {
  const { model: small, report } = compress(net(), { parameters: 50 });
  expect(small.countParams()).toBe(50 + 20);
  expect(report).toMatchObject({ ring: 50, generated: 192, dense: 212, ratioAll: 70 / 212 });
  const losses = await trained(small, 60);
  expect(losses.at(-1)!).toBeLessThan(0.3 * losses[0]!);
});

test("with a ring of all elements training equals that of the exported dense model", async () => {
  // One deviation for all makes every factor 1.
  const whole = compress(net(), { parameters: 192, std: () => 0.3 });
  const dense = exportModel(whole);
  const [a, b] = [await trained(whole.model, 20), await trained(dense, 20)];
  await expectClose(a, b, { relative: 1e-5, absolute: 1e-7 });
  expect(whole.warnings[0]).toMatch(/nothing is shared/);
});

test("a ring of one number trains without error", async () => {
  const losses = await trained(compress(net(), { parameters: 1 }).model, 3);
  expect(losses.every(Number.isFinite)).toBe(true);
});

test("a scaled ring with a scaled rate follows the same path", async () => {
  const [a, b] = [1, 5].map((ringStd) => compress(net(), { parameters: 40, ringStd, std: "fanIn" }));
  const x = images();
  const run = (of: typeof a, rate: number) => {
    const optimizer = tf.train.sgd(rate);
    return Array.from({ length: 8 }, () => {
      const loss = optimizer.minimize(
        () => tf.mean(tf.square(tf.sub(of!.model.apply(x) as tf.Tensor, 1))) as tf.Scalar,
        true,
        [of!.generator.ring],
      );
      return loss!;
    });
  };
  const losses = [run(a, 0.001), run(b, 0.025)].map((list) => tf.stack(list));
  await expectClose(losses[1]!, await losses[0]!.data(), { relative: 1e-4, absolute: 1e-6 });
});

test("an exported model predicts the same and keeps no ring", async () => {
  const whole = compress(net(), { parameters: 30 });
  const plain = exportModel(whole);
  const x = images();
  await expectClose(plain.predict(x) as tf.Tensor, whole.model.predict(x) as tf.Tensor, {
    relative: 0,
    absolute: 0,
  });
  expect(plain.countParams()).toBe(212);
  await expect(whole.model.save("localstorage://x")).rejects.toThrow(/saveArtifact/);
});

test("plain sharing loses the rank that permutation and signs keep", () => {
  const dense = mlp({ sizes: [300, 300], bias: false });
  const distinct = (share: "plain" | "rpg", n: number) => {
    const { generator } = compress(dense, { parameters: n, share });
    const packed = generator.index("0/kernel");
    const rows = Array.from({ length: 300 }, (_, i) => packed.slice(300 * i, 300 * (i + 1)).join());
    return new Set(rows).size;
  };
  expect([900, 1000, 4000].map((n) => distinct("plain", n))).toEqual([3, 10, 40]);
  expect(distinct("rpg", 900)).toBe(300);
});

test("projection starts near the model's kernels", () => {
  const dense = mlp({ sizes: [20, 30], bias: false });
  const whole = compress(dense, { parameters: 600, init: "project" });
  expect(whole.report.explained).toBeCloseTo(1, 6);
  const part = compress(dense, { parameters: 150, init: "project" });
  expect(part.report.explained!).toBeLessThan(0.5);
});

test("free kernels and rings of groups are counted", () => {
  const deep = mlp({ sizes: [8, 16, 16, 4], bias: false });
  const ends = compress(deep, { parameters: 40, free: "stemAndHead" });
  expect(ends.report).toMatchObject({ ring: 40, generated: 256, free: { stem: 128, head: 64 } });
  const grouped = compress(deep, { parameters: 40, groups: [{ match: /^2/, parameters: 30 }] });
  expect(grouped.generators.map(({ size }) => size)).toEqual([40, 30]);
  expect(grouped.model.countParams()).toBe(70);
  expect(degreesOfFreedom(deep)).toMatchObject({ ring: 0, dense: 448, ratioAll: 1 });
  expect(() => compress(deep, { parameters: 40, groups: [{ match: /^9/, parameters: 3 }] })).toThrow(
    /fits no kernel/,
  );
});

const kinds: Record<string, () => LayersModel> = {
  convolutions: () =>
    sequential({
      layers: [
        layers.conv2d({ inputShape: [8, 8, 2], filters: 4, kernelSize: 3, activation: "relu" }),
        layers.separableConv2d({ filters: 4, kernelSize: 3 }),
        layers.depthwiseConv2d({ kernelSize: 2 }),
        layers.conv2dTranspose({ filters: 2, kernelSize: 2 }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ],
    }),
  recurrent: () =>
    sequential({
      layers: [
        layers.embedding({ inputDim: 5, outputDim: 3, inputLength: 4 }),
        layers.bidirectional({
          layer: layers.gru({ units: 3, returnSequences: true, recurrentInitializer: "glorotUniform" }),
          mergeMode: "concat",
        }),
        layers.timeDistributed({ layer: layers.dense({ units: 3 }) }),
        layers.rnn({
          cell: [
            layers.lstmCell({ units: 2, recurrentInitializer: "glorotUniform" }),
            layers.simpleRNNCell({ units: 2, recurrentInitializer: "glorotUniform" }),
          ],
          returnSequences: true,
        }),
        layers.lstm({ units: 2, recurrentInitializer: "glorotUniform" }),
      ],
    }),
  shared: () => {
    const [a, b] = [input({ shape: [4] }), input({ shape: [4] })];
    const tower = layers.dense({ units: 3, kernelRegularizer: regularizers.l2({ l2: 0.01 }) });
    const both = layers
      .concatenate()
      .apply([tower.apply(a) as typeof a, tower.apply(b) as typeof a]) as typeof a;
    return model({ inputs: [a, b], outputs: layers.dense({ units: 2 }).apply(both) as typeof a });
  },
};
const inputsOf: Record<string, () => tf.Tensor | tf.Tensor[]> = {
  convolutions: () => tf.ones([4, 8, 8, 2]),
  recurrent: () => tf.ones([4, 4]),
  shared: () => [tf.ones([4, 4]), tf.zeros([4, 4])],
};
const counts: Record<string, number> = { convolutions: 6, recurrent: 12, shared: 2 };

for (const kind of Object.keys(kinds)) {
  test(`layers of kind ${kind} train from a ring and leave nothing behind`, async () => {
    const original = kinds[kind]!();
    compress(original, { parameters: 20 }).dispose(); // once, since layers keep constants
    const before = tf.memory().numTensors;
    const small = compress(original, { parameters: 20 });
    expect(small.report.layers.length).toBe(counts[kind]);
    const optimizer = tf.train.sgd(0.01);
    small.model.compile({ optimizer, loss: "meanSquaredError" });
    const x = inputsOf[kind]!();
    const y = tf.ones([4, 2]);
    const ring = await small.generator.ring.data().then((values) => values.slice());
    await small.model.fit(x, y, { epochs: 1, verbose: 0 });
    const after = tf.memory().numTensors;
    await small.model.fit(x, y, { epochs: 2, verbose: 0 });
    expect(tf.memory().numTensors).toBe(after);
    const moved = await small.generator.ring.data();
    expect(moved.some((value, i) => value !== ring[i])).toBe(true);
    const plain = exportModel(small);
    const outputs = [plain, small.model].map((of) => of.predict(x) as tf.Tensor);
    await expectClose(outputs[0]!, outputs[1]!, { relative: 1e-6, absolute: 1e-7 });
    // The file alone brings back layers of every kind.
    const again = await loadArtifact(await saveArtifact(small));
    const loaded = again.model.predict(x) as tf.Tensor;
    await expectClose(loaded, outputs[1]!, { relative: 0, absolute: 0 });
    again.dispose();
    tf.dispose([outputs, loaded, x, y]);
    tf.dispose(plain.weights.map((weight) => weight.read()));
    small.dispose();
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
}

test("what is no model, and kernels to leave free that are not there, are refused", () => {
  const open = net();
  const refused = (run: () => unknown, message: string | RegExp) => {
    expect(run).toThrow(ArgumentError);
    expect(run).toThrow(message);
  };
  refused(() => compress(undefined as never, { parameters: 9 }), "model is undefined; a LayersModel");
  refused(() => compress(open, undefined as never), "options is undefined; an object");
  refused(() => compress(open, { parameters: 9, free: "stem" as never }), 'free is "stem"');
  refused(
    () => compress(open, { parameters: 9, free: ["head"] }),
    /free\[0\] is "head", which fits no kernel; one of /,
  );
});

test("compiled models are refused in place, and models without kernels", () => {
  const compiled = net();
  compiled.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  expect(() => compress(compiled, { parameters: 9, inPlace: true })).toThrow(ArgumentError);
  expect(compress(compiled, { parameters: 9 }).model.countParams()).toBe(29);
  const flat = sequential({ layers: [layers.flatten({ inputShape: [2, 2] })] });
  expect(() => compress(flat, { parameters: 9 })).toThrow(/0 kernels/);
  const kept = sequential({
    layers: [layers.dense({ inputShape: [2], units: 2, kernelConstraint: "nonNeg" })],
  });
  expect(() => compress(kept, { parameters: 9 })).toThrow(/constraint/);
});
