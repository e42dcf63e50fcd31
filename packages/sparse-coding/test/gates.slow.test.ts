import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { atSparsity } from "../src/experiments/decoders.js";
import { storedResult } from "../src/experiments/stored-result.js";
import { type ArmResult, buildModel, measure, trainModel } from "../src/experiments/train-arm.js";
import { strokeData } from "../src/experiments/training-data.js";
import { type Preset, preset } from "../src/training/index.js";

// The scaled-down protocol of the specification, section 3.5: 1500 updates (1000 through a hidden layer) on strokes.
// LAB_STORE names a folder from which an interrupted run of this file goes on; LAB_SEEDS the seeds.
const seeds = (process.env.LAB_SEEDS ?? "1,2,3").split(",").map(Number);
const store = process.env.LAB_STORE ?? (await mkdtemp(join(tmpdir(), "lab-gates-")));

async function arm(model: Preset, lambda: number, seed: number): Promise<ArmResult> {
  return storedResult(store, `${model}-${lambda}-${seed}`, async (checkpoint) => {
    const data = strokeData();
    const steps = model.endsWith("NL") ? 1000 : 1500;
    const built = buildModel({ ...preset(model, "strokes"), sparsity: lambda, seed }, 256, seed);
    try {
      const trace = await trainModel(built, data, steps, {
        signal: new AbortController().signal,
        ...(checkpoint === undefined ? {} : { checkpoint }),
      });
      return await measure(built, model, data, trace);
    } finally {
      built.dispose();
      tf.dispose([data.train, data.test]);
    }
  });
}

/** Figures of an arm, means over the seeds. */
async function means(model: Preset, lambda: number) {
  const arms: ArmResult[] = [];
  for (const seed of seeds) arms.push(await arm(model, lambda, seed));
  const of = (figure: (a: ArmResult) => number) => arms.reduce((sum, a) => sum + figure(a), 0) / arms.length;
  return {
    l1: of((a) => a.meanL1),
    std: of((a) => a.medianStd),
    predicted: of((a) => a.predictedStd ?? Number.NaN),
    norm: of((a) => a.atomNorm),
    zeros: of((a) => a.encoderZeros),
    psnr: of((a) => a.encoderPsnr),
    lassoPsnr: of((a) => a.lassoPsnr),
  };
}

describe("effects of the specification, means over the seeds", () => {
  test("E1: codes collapse without the variance term and atoms grow", async () => {
    const [free, held] = [await means("none", 0.02), await means("VDL", 0.02)];
    expect(free.l1 / held.l1).toBeLessThan(0.5);
    expect(free.std / held.std).toBeLessThan(0.25);
    expect(free.norm / held.norm).toBeGreaterThanOrEqual(3);
  });

  test("E2: deviations are within a tenth of where l1 norm and hinge balance", async () => {
    for (const lambda of [0.02, 0.04]) {
      const held = await means("VDL", lambda);
      expect(Math.abs(held.std / held.predicted - 1)).toBeLessThanOrEqual(0.1);
    }
  });

  test("E3: at equal sparsity the variance term reconstructs better than the norm constraint", async () => {
    const classical = [await means("SDL", 0.0025), await means("SDL", 0.005), await means("SDL", 0.01)];
    const held = [await means("VDL", 0.01), await means("VDL", 0.02), await means("VDL", 0.04)];
    expect(atSparsity(held, 0.74)! - atSparsity(classical, 0.74)!).toBeGreaterThanOrEqual(0.2);
    const sparser = [...classical.slice(1), await means("SDL", 0.02)];
    expect(atSparsity(held, 0.81)! - atSparsity(sparser, 0.81)!).toBeGreaterThanOrEqual(0.7);
  });

  test("E4: at equal sparsity a hidden layer reconstructs better than a linear decoder", async () => {
    const classical = [await means("SDL", 0.005), await means("SDL", 0.01)];
    const held = [await means("VDL", 0.02), await means("VDL", 0.04)];
    const [deepHeld, deepClassical] = [await means("VDL-NL", 0.02), await means("SDL-NL", 0.01)];
    expect(deepHeld.psnr - atSparsity(held, deepHeld.zeros)!).toBeGreaterThanOrEqual(0.3);
    expect(deepClassical.psnr - atSparsity(classical, deepClassical.zeros)!).toBeGreaterThanOrEqual(0.3);
  });

  test("E5: the encoder's codes are within a decibel of the lasso's", async () => {
    for (const [model, lambda] of [
      ["SDL", 0.005],
      ["SDL", 0.01],
      ["VDL", 0.02],
      ["VDL", 0.04],
    ] as const) {
      const { psnr, lassoPsnr } = await means(model, lambda);
      expect(lassoPsnr - psnr).toBeLessThanOrEqual(1);
    }
  });
});
