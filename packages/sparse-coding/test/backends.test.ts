import { init } from "@lab/core";
import { expectClose } from "@lab/core/testing";
import { infer, linearDecoder, sparseEncode } from "@lab/sparse-coding";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { lassoInstance, varianceInstance } from "./golden.js";

const matrix = (values: Float64Array, rows: number) =>
  tf.tensor2d(Float32Array.from(values), [rows, values.length / rows]);

describe("the plain JavaScript backend, in typed arrays", () => {
  beforeAll(async () => {
    await init({ backend: "cpu" });
  });

  const { problem, init: start } = varianceInstance();
  const decoder = () => linearDecoder({ codeDim: 5, dataDim: 6, dictionary: matrix(problem.dictionary, 6) });
  const weights = { sparsity: 0.02, variance: 10, prediction: 5 };

  test("reaches the golden energy by every method, alone and in groups", async () => {
    const y = matrix(problem.y, 8);
    for (const method of ["ista", "fista", "cccp"] as const) {
      const found = await infer(decoder(), tf.concat([y, y]) as tf.Tensor2D, {
        ...weights,
        method,
        groups: 2,
        init: tf.concat([matrix(start, 8), matrix(start, 8)]) as tf.Tensor2D,
        predicted: tf.concat([matrix(problem.predicted, 8), matrix(problem.predicted, 8)]) as tf.Tensor2D,
        tolerance: 1e-7,
        maxIterations: 4000,
      });
      expect(found.energy.total / 2).toBeCloseTo(9.7912177912, 4);
      expect(found.converged).toBe(true);
    }
  });

  test("does without a variance term what sparseEncode does, to a gap", async () => {
    const instance = lassoInstance();
    const [y, dictionary] = [matrix(instance.y, 10), matrix(instance.dictionary, 16)];
    for (const positive of [false, true]) {
      const expected = await sparseEncode(y, dictionary, { alpha: 0.5, positive, tolerance: 1e-8 });
      const linear = linearDecoder({ codeDim: 24, dataDim: 16, dictionary });
      const options = { sparsity: 0.0625, positive, maxIterations: 2000 };
      const byGap = await infer(linear, y, { ...options, tolerance: 1e-8 });
      expect(Math.max(...byGap.gap!)).toBeLessThan(1e-6);
      await expectClose(byGap.codes, expected.codes, { absolute: 1e-3 });
      const byChange = await infer(linear, y, { ...options, stop: "change", tolerance: 1e-7 });
      await expectClose(byChange.codes, expected.codes, { absolute: 1e-3 });
    }
  });

  test("leaves no tensors", async () => {
    const linear = decoder();
    const [y, predicted] = [matrix(problem.y, 8), matrix(problem.predicted, 8)];
    const before = tf.memory().numTensors;
    (await infer(linear, y, { ...weights, predicted })).dispose();
    (await infer(linear, y, { sparsity: 0.1 })).dispose();
    (await infer(linear, y, { sparsity: 0.1, stop: "change" })).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
