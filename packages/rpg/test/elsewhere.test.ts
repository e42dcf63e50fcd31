import { existsSync, mkdtempSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atomicWrite } from "@lab/core/io";
import { mlp } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import { browserPath, runInPage, softwareGpu } from "@lab/tooling/page";
import type * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Compressed, compress, saveArtifact } from "../src/index.js";
import { plainNode } from "./fixture/plain-node.js";

let folder: string;
let net: Compressed;
let bytes: Uint8Array;
let expected: number[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lab-rpg-"));
  net = compress(mlp({ sizes: [784, 300, 300, 300, 10], bias: false }), {
    parameters: 4000,
    seed: "release-7",
  });
  bytes = await saveArtifact(net, { key: "withhold" });
  const x = new Generator(4).normal([5, 784]);
  expected = Array.from(await (net.model.predict(x) as tf.Tensor).data());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.skipIf(!existsSync("dist/worker.js"))(
  "a file of at most 6 kB on disk gives a fresh process the same predictions under its key only",
  async () => {
    const file = join(folder, "net.rpg");
    await atomicWrite(file, await saveArtifact(net, { bits: 8 }));
    expect(statSync(file).size).toBeLessThanOrEqual(6000);
    await atomicWrite(file, bytes);
    const right = await plainNode<Record<string, number[]>>("fresh-process.mjs", file, "release-7");
    expect(right.compressed).toEqual(expected);
    expect(right.plain).toEqual(expected);
    const wrong = await plainNode<Record<string, number[]>>("fresh-process.mjs", file, "release-8");
    expect(wrong.compressed).not.toEqual(expected);
  },
);

const page = `
import { init } from "@lab/core";
import { Generator } from "@lab/core/random";
import { exportModel, loadArtifact } from "@lab/rpg";
globalThis.result = (async () => {
  const { backend } = await init({ backend: "cpu" });
  const bytes = new Uint8Array(await (await fetch("/net.rpg")).arrayBuffer());
  const net = await loadArtifact(bytes, { key: "release-7" });
  const x = new Generator(4).normal([5, 784]);
  const outputs = await Promise.all([net.model, exportModel(net)].map((model) => model.predict(x).data()));
  return { backend, outputs: outputs.map((output) => Array.from(output)) };
})();`;

test.skipIf(!browserPath)("a page loads the file and predicts the same", async () => {
  const { backend, outputs } = await runInPage<{ backend: string; outputs: number[][] }>(page, {
    folder: import.meta.dirname,
    files: { "net.rpg": bytes },
  });
  expect(backend).toBe("cpu");
  expect(outputs[1]).toEqual(outputs[0]);
  // Another backend adds in another order; the kernels are the same bit for bit.
  await expectClose(outputs[0]!, expected, { relative: 1e-4, absolute: 1e-4 });
});

interface Report {
  backend: string;
  cases: { name: string; kernels: number; gradient: number; isComputed: boolean }[];
  leaked: number;
}

// Kernels and gradients of the shaders against the loops of the host, on the software driver.
const shaderProgram = `
import * as tf from "@tensorflow/tfjs-core";
import { init } from "@lab/core";
import { ParameterGenerator } from "@lab/rpg";
import { gatherHost, scatterHost } from "../src/generator/ring-kernels.js";

const targets = [
  { name: "a", shape: [7, 11], std: 0.5 },
  { name: "b", shape: [3, 3, 4, 25], std: 2 },
  { name: "c", shape: [130], std: 0.1 },
];
const cases = {
  rpg: { parameters: 100, seed: 12345 },
  "a text as key, another ring": { parameters: 97, seed: "release-7", ringId: 3 },
  "one number": { parameters: 1 },
  "no sharing": { parameters: 5000, seed: 0x1deadbeefn },
  "a power of two": { parameters: 64, seed: 4 },
  blocks: { parameters: 120, block: 10, seed: 9 },
  permute: { parameters: 100, share: "permute" },
  reflect: { parameters: 100, share: "reflect" },
  plain: { parameters: 100, share: "plain" },
  hashed: { parameters: 100, share: "hashed" },
  thin: { parameters: 100, memory: "thin" },
  cached: { parameters: 100, memory: "cached" },
  "fresh laps": { parameters: 100, origin: "layer" },
  projected: { parameters: 100, gradient: "projected" },
};
const worst = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

async function check(name, options) {
  const generator = new ParameterGenerator(targets, { ringStd: 1, ...options });
  const ring = new Float32Array(await generator.ring.data());
  const D = new Float64Array(generator.size);
  const sums = new Float64Array(generator.size);
  let kernels = 0;
  let asked = 0;
  const { indices, placed } = generator;
  const of = indices.of.bind(indices);
  indices.of = (target) => (asked++, of(target));
  const index = (name) => of(placed.get(name));
  const upstream = (length) => Float32Array.from({ length }, (_, i) => Math.cos(0.3 * i + 0.1));
  const { grads, value } = tf.variableGrads(() => {
    const parts = targets.map((target) => {
      const kernel = generator.generate(target.name);
      return tf.sum(tf.mul(tf.reshape(kernel, [-1]), tf.tensor1d(upstream(kernel.size))));
    });
    return tf.addN(parts);
  }, [generator.ring]);
  const gradient = await Object.values(grads)[0].data();
  for (const target of targets) {
    const kernel = generator.generate(target.name);
    const found = await kernel.data();
    kernel.dispose();
    const isComputed = asked;
    const packed = index(target.name);
    const scale = target.std === 1 ? 1 : Math.fround(target.std);
    const expected = new Float32Array(packed.length);
    gatherHost(ring, { packed, scale, ringSize: generator.size, shape: target.shape }, expected);
    kernels = Math.max(kernels, worst(found, expected));
    const own = new Float32Array(generator.size);
    scatterHost(upstream(packed.length), { packed, scale, ringSize: generator.size, shape: target.shape }, own);
    own.forEach((v, j) => { sums[j] += v; });
    for (const word of packed) D[word & 0x7fffffff] += scale * scale;
  }
  const isComputed = asked === 0;
  const expected = options.gradient === "projected" ? sums.map((v, j) => (D[j] > 0 ? v / D[j] : 0)) : sums;
  const largest = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const error = worst(gradient, expected) / largest;
  tf.dispose([grads, value]);
  generator.dispose();
  return { name, kernels, gradient: error, isComputed };
}

globalThis.LAB_WEBGPU_SOFTWARE = "1";
globalThis.result = (async () => {
  const { backend } = await init({ backend: "webgpu" });
  const before = tf.memory().numTensors;
  const found = [];
  for (const [name, options] of Object.entries(cases)) found.push(await check(name, options));
  return { backend, cases: found, leaked: tf.memory().numTensors - before };
})();
`;

test.skipIf(!browserPath)("shaders on WebGPU give the kernels of the host, and its gradient", async () => {
  const report = await runInPage<Report>(shaderProgram, {
    folder: import.meta.dirname,
    flags: softwareGpu,
  });
  expect(report.backend).toBe("webgpu");
  expect(report.cases.length).toBe(14);
  const inShader = (name: string) => !["hashed", "cached", "projected"].includes(name);
  for (const { name, kernels, gradient, isComputed } of report.cases) {
    expect({ name, kernels }).toEqual({ name, kernels: 0 });
    expect({ name, isClose: gradient < 2e-6 }).toEqual({ name, isClose: true });
    // Nobody asks for the index where the shader computes it; a projected gradient counts uses once.
    if (inShader(name)) expect({ name, isComputed }).toEqual({ name, isComputed: true });
    else if (name !== "projected") expect({ name, isComputed }).toEqual({ name, isComputed: false });
  }
  expect(report.leaked).toBe(0);
});
