import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { BackendUnavailableError, device, init, LabError, probeBackends } from "../../src/index.js";

test("init starts the backend asked for and device tells it", async () => {
  const info = await init({ backend: "cpu" });
  expect(info.backend).toBe("cpu");
  expect(device()).toEqual(info);
  expect(tf.getBackend()).toBe("cpu");
  await init({ backend: "wasm" });
});

test("a list is taken in its order", async () => {
  const lines: string[] = [];
  expect((await init({ backend: ["wasm", "cpu"], logger: (line) => lines.push(line) })).backend).toBe("wasm");
  expect(lines).toHaveLength(1);
});

test("gradients work after init", () => {
  const gradient = tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1, 2]));
  expect([...gradient.dataSync()]).toEqual([2, 4]);
});

test("an unknown backend is refused by name", async () => {
  await expect(init({ backend: "metal" as never })).rejects.toThrow('init: backend is "metal"; one of');
});

test("every probe says usable, or why not and what to do", async () => {
  for (const probe of await probeBackends()) {
    if (probe.usable) expect(probe.device?.backend).toBe(probe.backend);
    else expect(probe.reason && probe.fix).toBeTruthy();
  }
  expect(tf.getBackend()).toBe(process.env.LAB_BACKEND ?? "wasm");
});

test("an error is a lab error whichever copy of the package made it", () => {
  const error = new BackendUnavailableError("x", { backend: "cpu" });
  expect(LabError.is(error)).toBe(true);
  expect(LabError.is(new Error("x"))).toBe(false);
  const copy = Object.defineProperty(new Error("y"), Symbol.for("@lab/error"), { value: true });
  expect(LabError.is(copy)).toBe(true);
  expect(error.code).toBe("LAB_BACKEND");
});
