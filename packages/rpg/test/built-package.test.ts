import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { atomicWrite } from "@lab/core/io";
import { mlp } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import type * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Compressed, compress, saveArtifact } from "../src/index.js";
import { hasBrowser, inPage } from "./fixture/in-page.js";

const fixture = (name: string) => fileURLToPath(new URL(`./fixture/${name}`, import.meta.url));

/** Runs a script on the built package, without the condition that reads sources. */
async function plainNode(script: string, ...args: string[]): Promise<unknown> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [fixture(script), ...args], { env });
  return JSON.parse(stdout);
}

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

describe.skipIf(!existsSync("dist/worker.js"))("the built package", () => {
  test("a file of at most 6 kB on disk gives a fresh process the same predictions under its key only", async () => {
    const file = join(folder, "net.rpg");
    await atomicWrite(file, await saveArtifact(net, { bits: 8 }));
    expect(statSync(file).size).toBeLessThanOrEqual(6000);
    await atomicWrite(file, bytes);
    const right = (await plainNode("fresh-process.mjs", file, "release-7")) as Record<string, number[]>;
    expect(right.compressed).toEqual(expected);
    expect(right.plain).toEqual(expected);
    const wrong = (await plainNode("fresh-process.mjs", file, "release-8")) as Record<string, number[]>;
    expect(wrong.compressed).not.toEqual(expected);
  });

  test("threads give what this process gives, and a stopped sweep goes on from its store", async () => {
    const store = join(folder, "store");
    const { inline, threads, reason, numKept, alone, parallel } = (await plainNode(
      "threads.mjs",
      store,
    )) as Record<string, never>;
    expect(reason).toBe("stopped");
    expect(numKept).toBeGreaterThan(0);
    expect(threads).toEqual(inline);
    expect(parallel).toEqual(alone);
  });
});

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
