import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BackendUnavailableError, init, probeBackends } from "../../src/index.js";

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "lab loader "));
  vi.stubEnv("LAB_TENSORFLOW_DIR", project);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(project, { recursive: true, force: true });
});

function addPackage(name: string, code: string): void {
  const folder = join(project, "node_modules", "@tensorflow", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: `@tensorflow/${name}`, main: "index.js" }),
  );
  writeFileSync(join(folder, "index.js"), code);
}
const start = () => init({ backend: "tensorflow" });
const fix = "to have it: npx @lab/core tensorflow install";

test("a project without the binding gets the command that brings it", async () => {
  const attempt = start();
  await expect(attempt).rejects.toThrow(
    `init: tensorflow cannot be used: neither @tensorflow/tfjs-node-gpu nor @tensorflow/tfjs-node is installed in ${project}; ${fix}`,
  );
  await expect(attempt).rejects.toBeInstanceOf(BackendUnavailableError);
});

test("a package without its native part is told in one line", async () => {
  addPackage(
    "tfjs-node",
    'throw new Error("The native addon module (tfjs_binding.node) can not be found at path: /x\\nPlease run");',
  );
  await expect(start()).rejects.toThrow(`the package is there, but its native binding is not built; ${fix}`);
});

test("when both packages fail both reasons are told", async () => {
  addPackage("tfjs-node-gpu", 'throw new Error("libcudart.so.11.0: cannot open shared object file\\nat x");');
  addPackage("tfjs-node", "");
  await expect(start()).rejects.toThrow(
    `libcudart.so.11.0: cannot open shared object file; it registered no backend; ${fix}`,
  );
});

test("a failed start leaves the engine on the backend it had", async () => {
  const before = tf.getBackend();
  await expect(start()).rejects.toThrow();
  expect(tf.getBackend()).toBe(before);
  expect(tf.add(1, 2).dataSync()[0]).toBe(3);
});

test("every backend is probed, with the reason and the command where it cannot be used", async () => {
  vi.stubEnv("LAB_WEBGPU_SOFTWARE", "");
  const probes = await probeBackends();
  expect(probes.map((probe) => probe.backend)).toEqual(["tensorflow", "webgpu", "wasm", "cpu"]);
  expect(probes[0]).toMatchObject({ usable: false, fix: "npx @lab/core tensorflow install" });
});

test("auto goes on to what the machine has, and LAB_BACKEND decides instead of it", async () => {
  vi.stubEnv("LAB_BACKEND", "");
  const lines: string[] = [];
  const { kind, backend } = await init({ logger: (line) => lines.push(line) });
  expect(lines[0]).toContain("init: tensorflow cannot be used");
  if (kind === "cpu") expect(backend).toBe("wasm");
  vi.stubEnv("LAB_BACKEND", "cpu");
  expect((await init()).backend).toBe("cpu");
  vi.stubEnv("LAB_BACKEND", "metal");
  await expect(init()).rejects.toThrow(
    'init: LAB_BACKEND is "metal"; one of "tensorflow", "webgpu", "wasm", "cpu"',
  );
  await expect(init({ backend: [] })).rejects.toThrow("init: backend is an empty list");
});

// Last, because the engine keeps the backend.
test("loading restores Node's lost functions first, and keeps the gradients and kernels that were there", async () => {
  const engine = createRequire(import.meta.url).resolve("@tensorflow/tfjs-core");
  const mine = { kernelName: "Relu", inputsToSave: ["x"], gradFunc: () => ({}) };
  const shipped = tf.getGradient("Square")!;
  tf.registerGradient({ ...mine, kernelName: "Square" } as never);
  const kernel = tf.getKernel("Add", "wasm")!;
  const lost = util as unknown as Record<string, unknown>;
  const { isNullOrUndefined, isArray } = lost;
  lost.isNullOrUndefined = undefined;
  lost.isArray = undefined;
  addPackage(
    "tfjs-node",
    `const util = require("node:util");
     if (!util.isNullOrUndefined(null) || util.isNullOrUndefined(0) || !util.isArray([])) throw new Error("no shim");
     const tf = require(${JSON.stringify(engine)});
     tf.registerGradient({ kernelName: "Square", gradFunc() { throw new Error("overwritten"); } });
     tf.unregisterKernel("Add", "wasm");
     tf.registerKernel({ kernelName: "Add", backendName: "wasm", kernelFunc() { throw new Error("overwritten"); } });
     tf.registerKernel({ kernelName: "Step", backendName: "tensorflow", kernelFunc() {} });
     class Fake extends tf.KernelBackend {
       binding = { TF_Version: "0.0", isUsingGpuDevice: () => false };
       floatPrecision() { return 32; }
       epsilon() { return 1e-7; }
       dispose() {}
     }
     tf.registerBackend("tensorflow", () => new Fake());`,
  );
  try {
    expect(await start()).toMatchObject({
      backend: "tensorflow",
      kind: "cpu",
      version: "0.0",
      syncRead: true,
    });
    expect(tf.getGradient("Square")!.gradFunc).toBe(mine.gradFunc);
    expect(tf.getKernel("Add", "wasm")).toBe(kernel);
    expect(tf.getKernel("LabBatchNormTraining", "tensorflow")).toBeDefined();
  } finally {
    Object.assign(lost, { isNullOrUndefined, isArray });
    tf.registerGradient(shipped);
    await init({ backend: "wasm" });
  }
});
