import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError, LabError, ShapeError } from "@lab/core";
import { writeNpy } from "@lab/core/io";
import { loadTorchWeights, mlp, parameters, resnet } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, expect, test } from "vitest";
import {
  convertReferencePrior,
  encodePrior,
  GaussianPrior,
  inspectPrior,
  loadPrior,
  matchParameters,
  type PriorPrecision,
  savePrior,
} from "../src/index.js";
import torchFiles from "./reference/torch-files.json" with { type: "json" };
import torchvisionOrder from "./reference/torchvision-order.json" with { type: "json" };

const folder = mkdtempSync(join(tmpdir(), "lab-priors-"));
afterAll(() => rmSync(folder, { recursive: true }));

const layout = {
  entries: [
    { name: "0/kernel", shape: [3, 4] },
    { name: "0/bias", shape: [4] },
  ],
};
const at = (length: number, f: (i: number) => number) => Float32Array.from({ length }, (_, i) => f(i));
function example(rank = 5): GaussianPrior {
  const deviations =
    rank > 0
      ? {
          deviations: tf.tensor2d(
            at(rank * 16, (i) => Math.sin(1.3 * i) * 1e-3 * (1 + (i % 3))),
            [rank, 16],
          ),
        }
      : {};
  return GaussianPrior.from({
    mean: at(16, (i) => Math.cos(i)),
    variance: at(16, (i) => 1e-7 * (1 + i)),
    layout,
    ...deviations,
  });
}
const point = () => tf.tensor1d(at(16, (i) => Math.cos(i) + 1e-3 * Math.sin(3 * i)));
const gradient = async (prior: GaussianPrior) => {
  const scaled = prior.scale(2, { floor: 1e-8 });
  return tf
    .grad((x) => scaled.logProb(x as tf.Tensor1D))(point())
    .data();
};

test.each([
  ["f32", 0],
  ["f16", 1e-3],
  ["int8", 2e-2],
] as [PriorPrecision, number][])(
  "a prior comes back from a file in %s with its gradient to %d",
  async (precision, bound) => {
    const path = join(folder, `${precision}.safetensors`);
    const prior = example();
    await savePrior(path, prior, { precision, metadata: { task: "digits", licence: "CC0-1.0" } });
    const loaded = await loadPrior(path);
    const [a, b] = [await gradient(prior), await gradient(loaded)];
    const norm = Math.hypot(...a);
    expect(Math.hypot(...a.map((value, i) => value - b[i]!)) / norm).toBeLessThanOrEqual(bound);
    expect(loaded.layout).toEqual(layout);
  },
);

test("a diagonal prior has no deviations in its file", async () => {
  const loaded = await loadPrior(await encodePrior(example(0)));
  expect(loaded.rank).toBe(0);
});

test("the manifest tells layout, precision and what the author said, without the tensors", async () => {
  const path = join(folder, "large.safetensors");
  const size = 1_000_000;
  const large = GaussianPrior.from({
    mean: new Float32Array(size),
    variance: new Float32Array(size),
    deviations: tf.zeros([3, size]),
  });
  await savePrior(path, large, { metadata: { recommendedScale: [1e4, 1e6] } });
  large.dispose();
  expect(statSync(path).size).toBeGreaterThan(2e7);
  const manifest = await inspectPrior(path);
  expect(manifest).toMatchObject({
    format: 1,
    rank: 3,
    size,
    precision: "f32",
    metadata: { recommendedScale: [1e4, 1e6] },
  });
});

test("a prior of weights that diverged is not saved, and a release's file that is not there is named", async () => {
  const mean = tf.tensor1d([1, Number.NaN]);
  const prior = GaussianPrior.from({ mean, variance: tf.ones([2]) });
  await expect(encodePrior(prior)).rejects.toThrow("mean holds NaN at 1");
  const missing = { mean: join(folder, "no.pt"), variance: join(folder, "no.pt") };
  await expect(convertReferencePrior(missing)).rejects.toThrow(DataError);
});

test("flipping any byte is detected", async () => {
  const bytes = await encodePrior(example(2), { precision: "int8" });
  for (let i = 0; i < bytes.length; i++) {
    const altered = bytes.slice();
    altered[i]! ^= 1 << (i % 8);
    const outcome = await loadPrior(altered).then(
      () => "accepted",
      (error) => (LabError.is(error) ? "refused" : `crashed: ${error}`),
    );
    expect(`byte ${i}: ${outcome}`).toBe(`byte ${i}: refused`);
  }
});

test("a file that ends early, is something else or is of a later version is refused", async () => {
  const bytes = await encodePrior(example());
  await expect(loadPrior(bytes.subarray(0, bytes.length - 1))).rejects.toBeInstanceOf(DataError);
  const path = join(folder, "other.safetensors");
  writeFileSync(path, new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 123, 125]));
  await expect(inspectPrior(path)).rejects.toThrow(
    "holds no prior; a file written by savePrior was expected",
  );
});

test("a prior fits a model with a new head, and names the first parameter that differs", async () => {
  const bytes = await encodePrior(example());
  const fitting = mlp({ sizes: [3, 4, 2] });
  expect([...matchParameters(fitting, layout).keys()]).toEqual(["0/kernel", "0/bias"]);
  await expect(loadPrior(bytes, fitting, { strict: true })).resolves.toBeInstanceOf(GaussianPrior);
  await expect(loadPrior(bytes, mlp({ sizes: [3, 5, 2] }))).rejects.toThrow(
    "parameter 0 of model is 0/kernel [3,5]; 0/kernel [3,4] was expected",
  );
  const renamed = { entries: layout.entries.map(({ name, shape }) => ({ name: `encoder/${name}`, shape })) };
  expect([...matchParameters(fitting, renamed).keys()]).toEqual(["0/kernel", "0/bias"]);
  expect(() => matchParameters(fitting, renamed, { strict: true })).toThrow(ShapeError);
});

test.each(Object.entries(torchFiles.good))(
  "a %s of torch.save is read with its values",
  async (_, { file, shape, values }) => {
    const path = join(folder, "mean.pt");
    writeFileSync(path, Buffer.from(file, "base64"));
    const isMatrix = shape.length === 2;
    const size = shape.at(-1)!;
    const npy = join(folder, "vector.npy");
    await writeNpy(npy, { data: new Float32Array(size), shape: [size] });
    if (!isMatrix) {
      const { mean } = (await convertReferencePrior({ mean: path, variance: npy })).vectors();
      expect([...(await mean.data())]).toEqual(values.map(Math.fround));
      return;
    }
    // A matrix is the low-rank factor of a prior of as many parameters as it has columns.
    const { deviations } = (
      await convertReferencePrior({ mean: npy, variance: npy, covmat: path })
    ).vectors();
    expect([...(await deviations!.data())]).toEqual(values.map(Math.fround));
  },
);

test.each(Object.entries(torchFiles.bad))(
  "a %s of torch.save is refused with the offset",
  async (_, file) => {
    const path = join(folder, "bad.pt");
    writeFileSync(path, Buffer.from(file, "base64"));
    await expect(convertReferencePrior({ mean: path, variance: path })).rejects.toBeInstanceOf(DataError);
  },
);

test("a release's vectors come into the order and the axes of a model, with and without its last layer", async () => {
  const model = resnet({ depth: 18, classes: 3, width: 2, generator: new Generator(1) });
  const trainable = parameters(model);
  // PyTorch's parameters in torchvision's order, each a stretch of 0, 1, 2 …
  const ours = (name: string) => {
    const layer = name.slice(0, name.lastIndexOf("."));
    const isNorm = /bn|downsample\.1/.test(layer);
    const kind = name.endsWith("weight") ? (isNorm ? "gamma" : "kernel") : isNorm ? "beta" : "bias";
    return `${layer}/${kind}`;
  };
  const state = new Map<string, tf.Tensor>();
  let at = 0;
  for (const name of torchvisionOrder.resnet18) {
    const { shape, size } = trainable.get(ours(name))!;
    const theirs = shape.length === 4 ? [shape[3]!, shape[2]!, shape[0]!, shape[1]!] : [...shape].reverse();
    state.set(name, tf.reshape(tf.range(at, at + size), theirs));
    at += size;
  }
  const body = at - trainable.get("fc/kernel")!.size - 3;
  for (const [layer] of [...trainable.keys()].flatMap((key) =>
    key.endsWith("gamma") ? [key.split("/")] : [],
  )) {
    const zeros = tf.zeros(trainable.get(`${layer}/gamma`)!.shape);
    state.set(`${layer}.running_mean`, zeros).set(`${layer}.running_var`, zeros);
  }
  const paths = {
    mean: join(folder, "order.npy"),
    variance: join(folder, "order.npy"),
    covmat: join(folder, "rows.npy"),
  };
  for (const size of [at, body]) {
    const data = Float32Array.from({ length: size }, (_, i) => i);
    await writeNpy(paths.mean, { data, shape: [size] });
    await writeNpy(paths.covmat, { data: Float32Array.from([...data, ...data]), shape: [2, size] });
    const prior = await convertReferencePrior(paths, model);
    await loadTorchWeights(model, state);
    const expected = matchParameters(model, prior.layout, { strict: true });
    expect(expected.size).toBe(trainable.size - (size === at ? 0 : 2));
    const { mean, variance, deviations } = prior.vectors();
    const flat = tf.concat([...expected.values()].map((value) => tf.reshape(value, [-1])));
    for (const found of [mean, variance, tf.reshape(tf.slice(deviations!, [1, 0], [1, size]), [-1])]) {
      expect(await found.data()).toEqual(await flat.data());
    }
  }
  await writeNpy(paths.mean, { data: new Float32Array(7), shape: [7] });
  await expect(convertReferencePrior(paths, model)).rejects.toThrow("the vector holds 7 values");
});

test("two hundred broken torch files are refused without a crash", async () => {
  const good = Buffer.from(torchFiles.good.matrix.file, "base64");
  const path = join(folder, "broken.pt");
  for (let n = 0; n < 200; n++) {
    const broken = n % 2 ? Buffer.from(good) : good.subarray(0, Math.floor((good.length * n) / 200));
    if (n % 2) broken[(n * 7919) % broken.length]! ^= 1 << (n % 8);
    writeFileSync(path, broken);
    await convertReferencePrior({ mean: path, variance: path }).then(
      (prior) => prior.dispose(),
      (error) => expect(LabError.is(error), String(error)).toBe(true),
    );
  }
});
