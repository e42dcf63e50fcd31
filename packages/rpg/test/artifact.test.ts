import { ArgumentError, DataError } from "@lab/core";
import { mlp } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { packBits, unpackBits } from "../src/artifact/bit-packing.js";
import {
  type Compressed,
  compress,
  fakeQuantise,
  inspectArtifact,
  loadArtifact,
  newKey,
  pruneRing,
  quantiseRing,
  saveArtifact,
} from "../src/index.js";

const bigNet = () => mlp({ sizes: [784, 300, 300, 300, 10], bias: false });
const small = (options: { seed?: number } = {}): Compressed =>
  compress(mlp({ sizes: [6, 9, 3], batchNorm: true }), { parameters: 40, seed: 7, ...options });
const x = () => new Generator(2).normal([5, 6]);
const outputOf = (net: Compressed) => net.model.predict(x()) as tf.Tensor;
const exact = { relative: 0, absolute: 0 };

test("the golden ring is quantised and packed to the golden bytes", async () => {
  const ring = Float32Array.from({ length: 8 }, (_, j) => Math.sin(1.7 * j + 0.9));
  const eight = quantiseRing(ring, { bits: 8, groupSize: 4 });
  expect([...eight.values]).toEqual([109, 71, -127, -39, 126, 3, -127, 30]);
  await expectClose(eight.scales, [0.0072139, 0.0078311], { relative: 1e-5 });
  const four = quantiseRing(ring, { bits: 4, groupSize: 4 });
  expect([...four.values]).toEqual([6, 4, -7, -2, 7, 0, -7, 2]);
  await expectClose(four.scales, [0.1308808, 0.1420789], { relative: 1e-5 });
  const hex = (bits: 3 | 4 | 6) =>
    Buffer.from(packBits(quantiseRing(ring, { bits, groupSize: 4 }).values, bits)).toString("hex");
  expect([hex(3), hex(4), hex(6)]).toEqual(["533f34", "46e90729", "5b14de5f101e"]);
  expect(unpackBits(packBits(eight.values, 8), 8, 8)).toEqual(eight.values);
  expect(() => quantiseRing(Float32Array.of(1, Number.NaN), { bits: 8 })).toThrow(/ring\[1\] is NaN/);
});

test("32 bits come back exactly, from the bytes alone", async () => {
  const net = small();
  const again = await loadArtifact(await saveArtifact(net));
  expect(await again.generator.ring.data()).toEqual(await net.generator.ring.data());
  await expectClose(outputOf(again), outputOf(net), exact);
});

test("a network of 418,200 weights fits in the bar's bytes", async () => {
  const net = compress(bigNet(), { parameters: 4000, seed: "release-7" });
  for (const [bits, most] of [
    [8, 6000],
    [4, 4000],
  ] as const) {
    const bytes = await saveArtifact(net, { bits });
    expect(bytes.length).toBeLessThanOrEqual(most);
    const { bytes: sizes } = inspectArtifact(bytes);
    expect(sizes).toEqual({ ring: (bits * 4000) / 8 + 4 * 63, free: 0, index: 0, total: bytes.length });
  }
  const loaded = await loadArtifact(await saveArtifact(net, { bits: 8 }));
  expect(loaded.report.generated).toBe(418_200);
  const error = tf.max(tf.abs(tf.sub(loaded.generator.ring, net.generator.ring)));
  const largest = tf.max(tf.abs(net.generator.ring));
  expect((await error.data())[0]! / (await largest.data())[0]!).toBeLessThan(0.5 / 127 + 1e-6);
});

test("any flipped bit and any cut is refused, never another model", async () => {
  const bytes = await saveArtifact(small(), { bits: 6 });
  const generator = new Generator(8);
  const places = new Set([0, 7, 8, 9, bytes.length - 1]);
  for (const word of generator.words(150)) places.add(word % bytes.length);
  for (const place of places) {
    const damaged = bytes.slice();
    damaged[place]! ^= 1 << (place % 8);
    await expect(loadArtifact(damaged)).rejects.toThrow(DataError);
  }
  for (const length of [0, 5, 8, 100, bytes.length - 1]) {
    await expect(loadArtifact(bytes.slice(0, length))).rejects.toThrow(/not an rpg artefact/);
  }
  for (let i = 0; i < 50; i++) {
    const foreign = new Uint8Array(generator.words(20 + i).buffer.slice(0));
    await expect(loadArtifact(foreign)).rejects.toThrow(DataError);
  }
});

test("what is no file's bytes, and an empty passphrase, are refused", async () => {
  for (const foreign of [undefined, "net.rpg", (await saveArtifact(small())).buffer]) {
    await expect(loadArtifact(foreign as never)).rejects.toThrow(/bytes is of the kind .*; a Uint8Array/);
    expect(() => inspectArtifact(foreign as never)).toThrow(ArgumentError);
  }
  await expect(saveArtifact(small(), { encrypt: { passphrase: "" } })).rejects.toThrow('passphrase is ""');
});

test("a withheld key is needed, a wrong one gives another model or is told", async () => {
  const secret = newKey();
  const net = compress(mlp({ sizes: [6, 9, 3] }), { parameters: 40, seed: secret });
  const locked = await saveArtifact(net, { key: "withhold" });
  expect(inspectArtifact(locked).generators[0]!.seed).toBeNull();
  await expect(loadArtifact(locked)).rejects.toThrow(/key is withheld/);
  await expectClose(outputOf(await loadArtifact(locked, { key: secret })), outputOf(net), exact);
  const wrong = await outputOf(await loadArtifact(locked, { key: 1 })).data();
  const right = await outputOf(net).data();
  expect(wrong.some((value, i) => Math.abs(value - right[i]!) > 0.05)).toBe(true);
  const printed = await saveArtifact(net, { key: "withhold", fingerprint: true });
  await expect(loadArtifact(printed, { key: 1 })).rejects.toThrow(/key does not fit/);
});

test("an encrypted file opens with its passphrase only", async () => {
  const net = small();
  const bytes = await saveArtifact(net, { encrypt: { passphrase: "correct horse" } });
  await expect(loadArtifact(bytes)).rejects.toThrow(/passphrase was expected/);
  await expect(loadArtifact(bytes, { passphrase: "wrong" })).rejects.toThrow(/does not open/);
  await expectClose(
    outputOf(await loadArtifact(bytes, { passphrase: "correct horse" })),
    outputOf(net),
    exact,
  );
});

test("an omitted architecture comes from a model, which must fit", async () => {
  const net = compress(mlp({ sizes: [6, 9, 3] }), { parameters: 40 });
  const bytes = await saveArtifact(net, { topology: "omit" });
  await expect(loadArtifact(bytes)).rejects.toThrow(/omit the architecture/);
  const again = await loadArtifact(bytes, { model: mlp({ sizes: [6, 9, 3] }) });
  await expectClose(outputOf(again), outputOf(net), exact);
  await expect(loadArtifact(bytes, { model: mlp({ sizes: [6, 8, 3] }) })).rejects.toThrow(
    /layer 1 is 0 \(Dense\).*of 4 layers/,
  );
});

test("anticipated rounding gives the kernels of the rounded ring and passes the gradient", async () => {
  const { generator } = small();
  const ring = (await generator.ring.data()) as Float32Array;
  const { name } = generator.targets[0]!;
  const slope = () =>
    tf.variableGrads(() => tf.sum(generator.generate(name)) as tf.Scalar, [generator.ring]).grads;
  const before = Object.values(slope())[0]!;
  fakeQuantise(generator, { bits: 3 });
  const seen = await generator.generate(name).data();
  await expectClose(Object.values(slope())[0]!, before, exact);
  fakeQuantise(generator, null);
  const { values, scales } = quantiseRing(ring, { bits: 3 });
  generator.setRing(Float32Array.from(values, (value) => value * scales[0]!));
  await expectClose(generator.generate(name), seen as Float32Array, { relative: 1e-6, absolute: 1e-7 });
});

test("pruned numbers are the smallest, get no gradient and stay zero", async () => {
  const { generator } = small();
  const handle = await pruneRing(generator, { sparsity: 0.5, schedule: (step) => 0.5 + 0.25 * step });
  expect((await tf.sum(handle.mask).data())[0]).toBe(20);
  await handle.step();
  expect((await tf.sum(handle.mask).data())[0]).toBe(10);
  const mask = await handle.mask.data();
  const ring = await generator.ring.data();
  const kept = ring.filter((_, i) => mask[i] === 1).map(Math.abs);
  const dropped = ring.filter((_, i) => mask[i] === 0).map(Math.abs);
  expect(Math.min(...kept)).toBeGreaterThan(Math.max(...dropped));
  const { name } = generator.targets[0]!;
  const { grads } = tf.variableGrads(
    () => tf.sum(tf.square(generator.generate(name))) as tf.Scalar,
    [generator.ring],
  );
  const slopes = await Object.values(grads)[0]!.data();
  expect(slopes.every((slope, i) => mask[i] === 1 || slope === 0)).toBe(true);
  handle.finish();
  expect((await generator.ring.data()).filter((value) => value === 0).length).toBe(30);
});

test("a diverged ring is not saved", async () => {
  const net = small();
  net.generator.setRing(new Float32Array(40).fill(Number.NaN));
  await expect(saveArtifact(net)).rejects.toThrow(/not finite/);
});
