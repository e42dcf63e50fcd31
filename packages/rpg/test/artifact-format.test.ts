import { gzipSync } from "node:zlib";
import { readSafetensors } from "@lab/core/io";
import { mlp } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY_DIGEST, readHeader, seal } from "../src/artifact/envelope.js";
import { gunzip } from "../src/artifact/inflate.js";
import {
  attachGenerators,
  type Compressed,
  compress,
  importReference,
  inspectArtifact,
  loadArtifact,
  pruneRing,
  rpgResnet,
  saveArtifact,
} from "../src/index.js";

const exact = { relative: 0, absolute: 0 };
const small = () => compress(mlp({ sizes: [6, 9, 3], batchNorm: true }), { parameters: 40, seed: 7 });
const x = () => new Generator(2).normal([5, 6]);
const outputOf = (net: Compressed) => net.model.predict(x()) as tf.Tensor;

test("what gzip packed is unpacked, stored, repetitive or random", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(40), fc.nat(9), (bytes, copies, level) => {
      const long = Buffer.concat(Array.from({ length: copies }, () => bytes));
      expect(Buffer.from(gunzip(gzipSync(long, { level }))).equals(long)).toBe(true);
    }),
    { seed: 3, numRuns: 30 },
  );
  const text = Buffer.from(JSON.stringify(Array.from({ length: 500 }, (_, i) => ({ name: `layer${i}` }))));
  expect(Buffer.from(gunzip(gzipSync(text))).equals(text)).toBe(true);
});

test("the size of a file is the formula's, with the description in the bar's bytes", async () => {
  const mlpNet = compress(mlp({ sizes: [784, 300, 300, 300, 10], bias: false }), { parameters: 4000 });
  const resnet = rpgResnet({ depth: 18, classes: 10, stem: "cifar", width: 8, parameters: "largestLayer" });
  for (const [net, most] of [
    [mlpNet, 1500],
    [resnet, 6000],
  ] as const) {
    for (const bits of [8, 6, 4, 3] as const) {
      const { bytes } = inspectArtifact(await saveArtifact(net, { bits }));
      const n = net.report.ring;
      expect(bytes.ring).toBe(Math.ceil((bits * n) / 8) + 4 * Math.ceil(n / 64));
      expect(bytes.total - bytes.ring - bytes.free).toBeLessThanOrEqual(most);
    }
  }
  // Scales, shifts and running statistics of 20 norms, stem and classifier.
  const { bytes, free } = inspectArtifact(await saveArtifact(resnet, { bits: 8 }));
  const numbers = free.reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0);
  expect(bytes.free).toBe(4 * numbers);
  expect(inspectArtifact(await saveArtifact(resnet, { freeBits: 16 })).bytes.free).toBe(2 * numbers);
});

test("free parameters in 16 bits are rounded to half precision, too large ones refused", async () => {
  const net = small();
  const gamma = net.model.weights.find(({ originalName }) => originalName.endsWith("gamma"))!;
  gamma.write(tf.tensor1d([1 / 3, 2, 3, 4, 5, 6, 7, 8, 9]));
  const bytes = await saveArtifact(net, { freeBits: 16 });
  expect(inspectArtifact(bytes)).toMatchObject({ freeBits: 16, bytes: { free: 2 * (4 * 9 + 9 + 3) } });
  const again = await loadArtifact(bytes);
  const loaded = again.model.weights.find(({ originalName }) => originalName.endsWith("gamma"))!;
  await expectClose(loaded.read(), [0.333251953125, 2, 3, 4, 5, 6, 7, 8, 9], exact);
  expect(await again.generator.ring.data()).toEqual(await net.generator.ring.data());
  gamma.write(tf.fill([9], 70_000));
  await expect(saveArtifact(net, { freeBits: 16 })).rejects.toThrow(/freeBits is 16.*gamma holds 70000/);
});

test("without gzip any reader finds each free parameter by its name", async () => {
  const net = small();
  const plain = await saveArtifact(net, { gzip: false });
  const reader = readSafetensors(plain);
  const gamma = net.model.weights.find(({ originalName }) => originalName.endsWith("gamma"))!;
  await expectClose(await reader.tensor(`free.${gamma.originalName}`), gamma.read(), exact);
  expect(JSON.parse(readHeader(plain).metadata.rpg!)).toMatchObject({ format: 1, bits: 32 });
  await expectClose(outputOf(await loadArtifact(plain)), outputOf(net), exact);
});

test("a pruned ring is stored as a bitmap and what is left", async () => {
  const net = compress(mlp({ sizes: [30, 40, 3], bias: false }), { parameters: 640 });
  const handle = await pruneRing(net.generator, { sparsity: 0.75 });
  handle.finish();
  for (const bits of [32, 8] as const) {
    const bytes = await saveArtifact(net, { bits });
    const scales = bits === 8 ? 4 * Math.ceil(160 / 64) : 0;
    expect(inspectArtifact(bytes).bytes.ring).toBe(640 / 8 + (160 * bits) / 8 + scales);
    const ring = await (await loadArtifact(bytes)).generator.ring.data();
    const original = await net.generator.ring.data();
    expect(ring.map((value) => (value === 0 ? 0 : 1))).toEqual(
      original.map((value) => (value === 0 ? 0 : 1)),
    );
    // A masked number is zero of either sign.
    if (bits === 32) expect(ring).toEqual(original.map((value) => value + 0));
  }
});

test("a model whose layers are named otherwise takes the file, one that computes otherwise is refused", async () => {
  const build = (activation: "relu" | "tanh") =>
    sequential({
      layers: [
        layers.dense({ inputShape: [6], units: 9, activation }),
        layers.dense({ units: 8 }),
        layers.dense({ units: 3 }),
      ],
    });
  const net = compress(build("relu"), { parameters: 40, free: (layer) => layer.name.endsWith("2") });
  const bytes = await saveArtifact(net, { topology: "omit" });
  const model = build("relu");
  expect(model.layers[0]!.name).not.toBe(net.model.layers[0]!.name);
  await expectClose(outputOf(await loadArtifact(bytes, { model })), outputOf(net), exact);
  await expect(loadArtifact(bytes, { model: build("tanh") })).rejects.toThrow(
    /layer 0 is dense_Dense\d+ \(Dense\)/,
  );
  const shorter = sequential({ layers: [layers.dense({ inputShape: [6], units: 9, activation: "relu" })] });
  await expect(loadArtifact(bytes, { model: shorter })).rejects.toThrow(/layer 1 is missing/);
});

test("a newer format and an encrypted file are named", async () => {
  const bytes = await saveArtifact(small(), { gzip: false });
  const text = Buffer.from(bytes).toString("latin1");
  const digest = readHeader(bytes).metadata.sha256!;
  const newer = text.replace('\\"format\\":1', '\\"format\\":2').replace(digest, EMPTY_DIGEST);
  const sealed = seal(new Uint8Array(Buffer.from(newer, "latin1")));
  await expect(loadArtifact(sealed)).rejects.toThrow(/have format 2; format 1 was expected/);
  const hidden = await saveArtifact(small(), { encrypt: { passphrase: "p" } });
  expect(() => inspectArtifact(hidden)).toThrow(/encrypted/);
});

test("an imported index travels with the file", async () => {
  const generator = importReference(
    Float32Array.of(0.1, -0.2, 0.3),
    [Array.from({ length: 54 }, (_, i) => (7 * i) % 3)],
    [Array.from({ length: 54 }, (_, i) => (i % 5 === 0 ? -1 : 1))],
    { targets: [{ name: "0/kernel", shape: [6, 9] }] },
  );
  const net = attachGenerators(mlp({ sizes: [6, 9, 3], bias: false }), [generator]);
  const bytes = await saveArtifact(net);
  expect(inspectArtifact(bytes).bytes).toMatchObject({ ring: 12, index: 4 * 54 });
  await expectClose(outputOf(await loadArtifact(bytes)), outputOf(net), exact);
});

test("loading, whether it works or not, leaves nothing behind", async () => {
  const net = compress(mlp({ sizes: [6, 9, 3], batchNorm: true }), { parameters: 40, seed: 7 });
  const locked = await saveArtifact(net, { key: "withhold", fingerprint: true });
  const before = tf.memory().numTensors;
  (await loadArtifact(locked, { key: 7 })).dispose();
  expect(tf.memory().numTensors).toBe(before);
  await expect(loadArtifact(locked, { key: 8 })).rejects.toThrow(/does not fit/);
  await expect(loadArtifact(locked)).rejects.toThrow(/withheld/);
  expect(tf.memory().numTensors).toBe(before);
});
