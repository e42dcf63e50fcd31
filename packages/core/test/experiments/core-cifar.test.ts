import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test, vi } from "vitest";
import { coreCifar } from "../../src/experiments/core-cifar.js";
import { experiments } from "../../src/experiments/index.js";
import { device } from "../../src/index.js";
import { Generator } from "../../src/random/index.js";

type Result = Awaited<ReturnType<typeof coreCifar.run>>;

const result = (change: Partial<Result>): Result => ({
  data: "cifar10",
  backend: "wasm",
  net: "small",
  numTrain: 10_000,
  steps: 240,
  correct: 900,
  total: 2000,
  seconds: 300,
  loss: [{ step: 1, value: 2.3 }],
  accuracy: [{ step: 240, value: 0.45 }],
  pictures: [{ data: [0, 0, 0], width: 1, height: 1, channels: 3, label: "cat" }],
  ...change,
});

const verdict = (...changes: Partial<Result>[]) =>
  coreCifar.summarise(
    changes.map((change, seed) => ({ seed, result: result(change) })),
    "quick",
  ).verdict;

test("the verdict follows from accuracy, its interval and the time", () => {
  expect(verdict({})).toBe("reproduced");
  expect(verdict({ correct: 810 })).toBe("failed"); // 40.5 %, whose interval reaches below 40 %
  expect(verdict({ seconds: 361 })).toBe("partly");
  expect(verdict({ seconds: null })).toBe("reproduced");
  expect(verdict({}, { correct: 500 })).toBe("partly");
  expect(verdict({ net: "resnet18" })).toBe("failed"); // 45 % exactly
  expect(verdict({ net: "resnet18", correct: 5000, total: 10_000, seconds: 470 })).toBe("reproduced");
  expect(verdict({ data: "glyphs" })).toBe("failed");
  expect(verdict({ data: "glyphs", correct: 1700 })).toBe("reproduced");
});

test("the summary has a row a seed, two figures, and names its data", () => {
  const { table, figures, notes, measured } = coreCifar.summarise([{ seed: 3, result: result({}) }], "quick");
  expect(table).toMatchObject([{ seed: 3, "accuracy %": 45, data: "cifar10", seconds: 300 }]);
  expect(figures.map(({ kind }) => kind)).toEqual(["grid", "image"]);
  expect(notes[0]).toMatch(/^CIFAR-10, the first 10000/);
  expect(measured).toBe("45 % in 300 s");
});

test("it is listed, but not among the main experiments", () => {
  expect(experiments.map(({ name, isMain }) => [name, isMain])).toEqual([["core-cifar", false]]);
});

// Convolutions can be trained on wasm once their gradient kernel is registered.
const canTrain = tf.getKernel("Conv2DBackpropFilter", tf.engine().backendName) !== undefined;

test.skipIf(!canTrain)(
  "without CIFAR it trains on glyphs, and an interrupted run ends the same",
  async () => {
    vi.stubEnv("LAB_DATA_DIR", join(tmpdir(), "nothing-here"));
    const params = { ...coreCifar.params("quick"), numTrain: 32, numTest: 16, batch: 8, steps: 4 };
    const run = async (
      store: string,
      signal = new AbortController().signal,
      onStep: (done: number) => void = () => {},
    ) =>
      await coreCifar.run({
        params,
        seed: 1,
        generator: new Generator(1),
        device: device(),
        data: { dir: undefined },
        store,
        runner: "inline",
        signal,
        onProgress: ({ done }) => onStep(done),
      });
    const folder = () => mkdtemp(join(tmpdir(), "lab-cifar-"));
    const count = tf.memory().numTensors;
    const whole = await run(await folder());
    expect(tf.memory().numTensors).toBe(count);
    expect(whole).toMatchObject({ data: "glyphs", total: 16, steps: 4 });
    const store = await folder();
    const controller = new AbortController();
    const cut = run(store, controller.signal, (done) => done === 2 && controller.abort(new Error("enough")));
    await expect(cut).rejects.toThrow("enough");
    const resumed = await run(store);
    expect(resumed).toEqual({ ...whole, seconds: null });
    vi.unstubAllEnvs();
  },
);
