import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, test } from "vitest";
import {
  brightness,
  type LinearRegressionOptions,
  linearRegressionUnderDA,
  type RandomTransform,
  rotate,
  uniform,
} from "../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "lab-kept-sums-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const images = () =>
  tf.tensor4d(
    Array.from({ length: 9 * 30 }, (_, i) => Math.sin(1.3 * i + 0.1 * i * i)),
    [9, 6, 5, 1],
  );
const targets = () =>
  tf.tensor2d(
    Array.from({ length: 18 }, (_, i) => Math.cos(i)),
    [9, 2],
  );

describe("a fit that is stopped goes on to the same bits", () => {
  test.each<[string, RandomTransform, LinearRegressionOptions]>([
    ["node by node", rotate({ angle: uniform(-20, 20) }), { nodes: 32 }],
    ["image by image", brightness({ delta: uniform(-0.3, 0.3), clip: [-1, 1] }), { nodes: 16 }],
    ["iteration by iteration", rotate({ angle: uniform(-20, 20) }), { nodes: 16, solver: "cg", l2: 0.1 }],
  ])("%s", async (name, t, options) => {
    const fit = async (more: LinearRegressionOptions = {}) => {
      const { weights, bias, ...rest } = await linearRegressionUnderDA(images(), t, {
        targets: targets(),
        ...options,
        ...more,
      });
      return { ...rest, weights: await weights.data(), bias: await bias.data() };
    };
    const straight = await fit();
    const checkpoint = join(folder, `${name}.safetensors`);
    const steps: number[] = [];
    for (const most of [1, 2, 3]) {
      const stop = new AbortController();
      let fresh = 0;
      const onProgress = ({ done }: { done: number }) => {
        steps.push(done);
        if (++fresh >= most) stop.abort(new Error("stopped"));
      };
      await expect(fit({ checkpoint, onProgress, signal: stop.signal })).rejects.toThrow("stopped");
      expect(existsSync(checkpoint)).toBe(true);
    }
    const onProgress = ({ done }: { done: number }) => steps.push(done);
    expect(await fit({ checkpoint, onProgress })).toEqual(straight);
    // No step was taken twice, and a finished file needs none.
    expect(steps).toEqual(steps.map((_, i) => i + 1));
    const count = steps.length;
    expect(await fit({ checkpoint, onProgress })).toEqual(straight);
    expect(steps).toHaveLength(count);
    await expect(fit({ checkpoint, l2: 0.5 })).rejects.toThrow(
      `linearRegressionUnderDA: checkpoint ${checkpoint} belongs to other data or options; the file of the same call was expected`,
    );
    writeFileSync(checkpoint, "torn");
    await expect(fit({ checkpoint })).rejects.toThrow(checkpoint);
  });
});
