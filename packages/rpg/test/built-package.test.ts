import { existsSync, mkdtempSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atomicWrite } from "@lab/core/io";
import { mlp } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import type * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Compressed, compress, saveArtifact } from "../src/index.js";
import { hasBrowser, inPage } from "./fixture/in-page.js";
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

test.skipIf(!hasBrowser)("a page loads the file and predicts the same", async () => {
  const { backend, outputs } = await inPage<{ backend: string; outputs: number[][] }>(page, {
    "/net.rpg": bytes,
  });
  expect(backend).toBe("cpu");
  expect(outputs[1]).toEqual(outputs[0]);
  // Another backend adds in another order; the kernels are the same bit for bit.
  await expectClose(outputs[0]!, expected, { relative: 1e-4, absolute: 1e-4 });
});
