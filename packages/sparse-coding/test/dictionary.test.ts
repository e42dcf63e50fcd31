import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectClose, mulberry32 } from "@lab/core/testing";
import { DictionaryLearner } from "@lab/sparse-coding";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { lassoInstance } from "./golden.js";
import golden from "./reference/alternation.json" with { type: "json" };

/** The specification's planted problem: 30 unit atoms in 20 dimensions, three a signal, 20 dB. */
function planted(seed: number, count = 1500) {
  const next = mulberry32(seed);
  const normal = () => {
    const first = next();
    return Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * next());
  };
  const atoms = Array.from({ length: 20 }, () => Array.from({ length: 30 }, normal));
  for (let j = 0; j < 30; j++) {
    const norm = Math.hypot(...atoms.map((row) => row[j]!));
    for (const row of atoms) row[j]! /= norm;
  }
  const y = new Float32Array(count * 20);
  for (let n = 0; n < count; n++) {
    const chosen = new Set<number>();
    while (chosen.size < 3) chosen.add(Math.floor(30 * next()));
    const clean = new Float64Array(20);
    for (const j of chosen) {
      const z = normal();
      for (let k = 0; k < 20; k++) clean[k]! += z * atoms[k]![j]!;
    }
    const noise = Array.from({ length: 20 }, normal);
    const scale = (0.1 * Math.hypot(...clean)) / Math.hypot(...noise);
    for (let k = 0; k < 20; k++) y[n * 20 + k] = clean[k]! + scale * noise[k]!;
  }
  return { atoms, y: tf.tensor2d(y, [count, 20]) };
}

describe("DictionaryLearner", () => {
  test("K-SVD recovers planted atoms", async () => {
    let total = 0;
    for (const seed of [100, 101, 102]) {
      const { atoms, y } = planted(seed);
      const learner = new DictionaryLearner({
        atoms: 30,
        alpha: 0,
        update: "ksvd",
        nonzero: 3,
        iterations: 80,
        seed,
      });
      await learner.fit(y);
      const best = await tf
        .max(tf.abs(tf.matMul(tf.tensor2d(atoms), learner.dictionary, true, false)), 1)
        .data();
      total += Array.from(best).filter((v) => v > 0.99).length / 30 / 3;
      learner.dispose();
    }
    expect(total).toBeGreaterThanOrEqual(0.95);
  });

  test("online and batch learning lower the lasso's objective on held-out data", async () => {
    const { y } = planted(100);
    const held = planted(100, 1700).y;
    const test = tf.slice(held, [1500, 0], [200, 20]);
    for (const update of ["online", "mod"] as const) {
      const objective = async (learner: DictionaryLearner) => {
        const { codes } = await learner.transform(test);
        const value = tf.add(
          tf.mul(0.5, tf.sum(tf.square(tf.sub(tf.matMul(codes, learner.dictionary, false, true), test)))),
          tf.mul(0.15, tf.sum(tf.abs(codes))),
        );
        return (await value.data())[0]!;
      };
      const learner = new DictionaryLearner({
        atoms: 30,
        alpha: 0.15,
        update,
        batchSize: 100,
        iterations: 6,
      });
      await learner.partialFit(tf.slice(y, [0, 0], [100, 20]));
      const before = await objective(learner);
      await learner.fit(y);
      expect(await objective(learner)).toBeLessThan(0.93 * before);
      await expectClose(tf.sum(tf.square(learner.dictionary), 0), Array(30).fill(1), { absolute: 1e-5 });
    }
  });

  test("one online update from given atoms is that of scikit-learn", async () => {
    const { y, dictionary } = lassoInstance();
    const init = tf.tensor2d(Float32Array.from(dictionary), [16, 24]);
    const learner = new DictionaryLearner({ atoms: 24, alpha: 0.5, init });
    await learner.partialFit(tf.tensor2d(Float32Array.from(y), [10, 16]));
    // To the tolerance of the codes: both stop at a gap, theirs at 1e-8.
    await expectClose(learner.dictionary, golden.online, { absolute: 5e-3 });
    expect(() => new DictionaryLearner({ atoms: 3, alpha: 1, init })).toThrow("init has shape [16,24]");
  });

  test("non-negative atoms and codes stay so", async () => {
    const y = tf.abs(planted(101, 200).y) as tf.Tensor2D;
    const learner = await new DictionaryLearner({
      atoms: 8,
      alpha: 0.1,
      positiveAtoms: true,
      positiveCodes: true,
      iterations: 2,
      batchSize: 50,
    }).fit(y);
    const { codes } = await learner.transform(y);
    expect((await tf.min(codes).data())[0]).toBe(0);
    expect((await tf.min(learner.dictionary).data())[0]!).toBeGreaterThanOrEqual(0);
  });

  test("a stream that was interrupted goes on exactly", async () => {
    const batches = (stopAt?: number, stop?: AbortController) =>
      (function* () {
        const { y } = planted(102, 400);
        for (let i = 0; i < 8; i++) {
          if (i === stopAt) stop!.abort();
          yield tf.slice(y, [50 * i, 0], [50, 20]);
        }
        y.dispose();
      })();
    const options = { atoms: 12, alpha: 0.15 };
    const whole = await new DictionaryLearner(options).fitStream(batches());
    const checkpoint = join(await mkdtemp(join(tmpdir(), "lab-")), "atoms.safetensors");
    const stop = new AbortController();
    await expect(
      new DictionaryLearner(options).fitStream(batches(3, stop), { checkpoint, signal: stop.signal }),
    ).rejects.toThrow();
    const resumed = await new DictionaryLearner(options).fitStream(batches(), { checkpoint });
    expect(resumed.steps).toBe(8);
    await expectClose(resumed.dictionary, whole.dictionary, { absolute: 0, relative: 0 });
  });

  test("refuses a dictionary before data, and leaves no tensors", async () => {
    const learner = new DictionaryLearner({ atoms: 4, alpha: 0.1, iterations: 1 });
    expect(() => learner.dictionary).toThrow("a call of fit or partialFit was expected");
    const { y } = planted(100, 60);
    const before = tf.memory().numTensors;
    await learner.fit(y);
    learner.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
