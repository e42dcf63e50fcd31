import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import { encodeSafetensors, readSafetensors } from "../../src/io/index.js";
import { batchNorm, loadTorchWeights, mlp, resnet } from "../../src/nn/index.js";
import { expectClose } from "../../src/testing/index.js";

// Networks of torch and torchvision with their weights and outputs; made by test/reference/nn.py.
const file = (name: string) => readFileSync(new URL(`../reference/${name}`, import.meta.url));
const reference = JSON.parse(file("nn.json").toString());

/** The float32 tensors of nn.safetensors whose names begin with `prefix.`, without it. */
function weightsOf(prefix: string): Map<string, tf.Tensor> {
  const bytes = file("nn.safetensors");
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  const found = new Map<string, tf.Tensor>();
  for (const [name, { shape, data_offsets }] of Object.entries(header)) {
    if (!name.startsWith(`${prefix}.`)) continue;
    const [from, to] = data_offsets;
    const values = new Float32Array(new Uint8Array(bytes.subarray(start + from, start + to)).buffer);
    found.set(name.slice(prefix.length + 1), tf.tensor(values, shape));
  }
  return found;
}

/** The images that the script made: sines in the order channels first. */
function images(shape: [number, number, number, number]): tf.Tensor {
  const [n, h, w, c] = shape;
  const values = Float32Array.from({ length: n * h * w * c }, (_, i) =>
    Math.sin(Math.fround(i * Math.fround(0.7))),
  );
  return tf.transpose(tf.tensor4d(values, [n, c, h, w]), [0, 2, 3, 1]);
}

async function agrees(name: string, model: LayersModel, input: tf.Tensor): Promise<void> {
  const { unused } = await loadTorchWeights(model, weightsOf(name));
  expect(unused).toEqual([]);
  const output = model.apply(input, { training: false }) as tf.Tensor;
  await expectClose(output, reference[name].output, { absolute: 1e-4, relative: 1e-4 });
}

test("a network of basic blocks with odd sizes gives torchvision's outputs", async () => {
  await agrees("basic", resnet({ depth: 18, classes: 5, width: 1 }), images(reference.basic.input));
});

test("a network of bottlenecks gives torchvision's outputs", async () => {
  await agrees("bottleneck", resnet({ depth: 50, classes: 3, width: 1 }), images(reference.bottleneck.input));
});

test("a perceptron with batch normalisation gives PyTorch's outputs", async () => {
  const model = mlp({ sizes: [4, 6, 3], activation: "tanh", batchNorm: true });
  const input = tf.tensor2d(
    Float32Array.from({ length: 8 }, (_, i) => Math.sin(i * 0.7)),
    [2, 4],
  );
  await agrees("mlp", model, input);
});

test("batch normalisation in training and its gradients are PyTorch's in double precision", async () => {
  const golden = reference.batchNorm;
  const x = tf.tensor4d(golden.x, [2, 4, 5, 3]);
  const weight = tf.tensor4d(golden.weight, [2, 4, 5, 3]);
  const [gamma, beta] = [tf.tensor1d([0.5, 1.5, -1]), tf.tensor1d([0.1, -0.2, 0.3])];
  await expectClose(batchNorm(x, gamma, beta).value, golden.y, { absolute: 1e-5 });
  const loss = (a: tf.Tensor, g: tf.Tensor, b: tf.Tensor) =>
    tf.sum(tf.mul(batchNorm(a, g as tf.Tensor1D, b as tf.Tensor1D).value, weight));
  const [dx, dGamma, dBeta] = tf.grads(loss)([x, gamma, beta]);
  await expectClose(dx!, golden.dx, { absolute: 1e-5 });
  await expectClose(dGamma!, golden.dGamma, { absolute: 1e-4 });
  await expectClose(dBeta!, golden.dBeta, { absolute: 1e-4 });
});

test("a weight that is missing or of another shape is refused and nothing changes", async () => {
  const model = mlp({ sizes: [2, 1] });
  const before = await (model.getWeights()[0] as tf.Tensor).data();
  const kernel = tf.tensor2d([[1, 2]]);
  await expect(loadTorchWeights(model, { "0.weight": kernel })).rejects.toThrow(
    "loadTorchWeights: source lacks 0.bias for 0/bias; it has 0.weight; a mapping can rename it",
  );
  const bias = tf.tensor1d([1, 2]);
  await expect(loadTorchWeights(model, { "0.weight": kernel, "0.bias": bias })).rejects.toThrow(
    "loadTorchWeights: 0.bias gives 0/bias the shape [2]; [1] was expected",
  );
  expect(await (model.getWeights()[0] as tf.Tensor).data()).toEqual(before);
});

test("names can be mapped, by a table or a function, and the caller's tensors stay", async () => {
  const state = { w: tf.tensor2d([[1, 2]]), "0.bias": tf.tensor1d([3]), rest: tf.scalar(0) };
  const model = mlp({ sizes: [2, 1] });
  const count = tf.memory().numTensors;
  expect(await loadTorchWeights(model, state, { "0/kernel": "w" })).toEqual({
    loaded: ["w", "0.bias"],
    unused: ["rest"],
  });
  await loadTorchWeights(model, state, (name) => (name === "0/kernel" ? "w" : "0.bias"));
  expect(tf.memory().numTensors).toBe(count);
  await expectClose(model.apply(tf.ones([1, 2])) as tf.Tensor, [6]);
});

test("a safetensors file is read tensor by tensor", async () => {
  const bytes = await encodeSafetensors({ "0.weight": tf.tensor2d([[1, 2]]), "0.bias": tf.tensor1d([3]) });
  const model = mlp({ sizes: [2, 1] });
  const count = tf.memory().numTensors;
  await loadTorchWeights(model, readSafetensors(bytes));
  expect(tf.memory().numTensors).toBe(count);
  await expectClose(model.apply(tf.ones([1, 2])) as tf.Tensor, [6]);
});
