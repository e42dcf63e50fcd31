import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { device } from "@lab/core";
import { findData, mnist } from "@lab/core/data";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, test } from "vitest";
import { auditClasses } from "../src/audit/index.js";
import { spearman } from "../src/audit/spearman.js";
import { classSweepExperiment as experiment } from "../src/experiments/class-sweep.js";
import { horizontalFlip, labelPreservation } from "../src/index.js";
import { classSweep } from "../src/sweep/class-sweep.js";
import { mlpNetwork } from "../src/sweep/networks.js";
import { picturesOf } from "../src/sweep/sweep-data.js";
import { seeded, trainNetwork } from "../src/sweep/train-setting.js";
import { simulateAudit } from "./simulate-audit.js";

const hasMnist = (await findData("mnist", {})) !== null;
const hasCifar = (await findData("cifar10", {})) !== null;
const folder = mkdtempSync(join(tmpdir(), "lab-class-dependence-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Changes of accuracy by crops: all images, then class by class. */
function cropChanges(labels: readonly number[], none: readonly number[], crop: readonly number[]): number[] {
  const right = (predictions: readonly number[], c?: number) => {
    const rows = labels.flatMap((label, i) => (c === undefined || label === c ? [i] : []));
    return rows.filter((i) => predictions[i] === labels[i]).length / rows.length;
  };
  const classes = [undefined, ...Array.from({ length: 10 }, (_, c) => c)];
  return classes.map((c) => right(crop, c) - right(none, c));
}

/** What `reference/cifar-crops.py` measured of the same protocol. */
function pytorch(): number[][] {
  const path = new URL("./reference/cifar-crops.json", import.meta.url);
  const runs = JSON.parse(readFileSync(path, "utf8")) as { none: number[]; crop: number[] }[];
  return runs.map(({ none, crop }) => crop.map((value, i) => value - none[i]!));
}

/** Means over seeds must agree within 4 standard errors. */
function expectSameMeans(a: readonly number[][], b: readonly number[][]): void {
  const stats = (rows: readonly number[][], i: number) => {
    const mean = rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length;
    const squares = rows.reduce((sum, row) => sum + (row[i]! - mean) ** 2, 0);
    return { mean, variance: squares / (rows.length - 1) / rows.length };
  };
  for (let i = 0; i < a[0]!.length; i++) {
    const [p, q] = [stats(a, i), stats(b, i)];
    expect(Math.abs(p.mean - q.mean)).toBeLessThan(4 * Math.sqrt(p.variance + q.variance));
  }
}

describe("effects, means of 5 seeds", () => {
  test.skipIf(!hasMnist || !hasCifar)("crops, flips and decay on MNIST, crops on CIFAR-10", async () => {
    const runs = [];
    for (const seed of [1, 2, 3, 4, 5]) {
      const result = await experiment.run({
        params: experiment.params("full"),
        seed,
        generator: new Generator(seed),
        device: device(),
        data: { dir: undefined },
        store: join(folder, `full-${seed}`),
        runner: "inline",
        signal: new AbortController().signal,
        onProgress: () => {},
      });
      runs.push({ seed, result });
    }
    const { verdict, notes } = experiment.summarise(runs, "full");
    const missed = notes.filter((note) => note.includes("not met"));
    expect(missed.filter((note) => !note.includes("CIFAR-10"))).toEqual([]);
    expect(notes.join()).toMatch(/CIFAR-10, crop ≥ 0.08, bird at most −4: [^(]*\(met\)/);
    // The other two gates on CIFAR-10, frog at least +5 and the average within 3, are missed here as in PyTorch.
    expect(verdict).toBe(missed.length === 0 ? "reproduced" : "partly");
    const ours = runs.map(({ result }) => {
      const { labels, predictions } = result.parts[1]!;
      return cropChanges(labels, predictions[0]!, predictions[2]!);
    });
    expectSameMeans(ours, pytorch());
  });

  test.skipIf(!hasMnist)("the flow of mirror images ranks the classes that flips harm", async () => {
    const { dir } = (await findData("mnist", {}))!;
    const train = picturesOf(mnist({ dir, split: "train" }).take(20_000), false);
    const network = mlpNetwork(784, 256, 10, seeded(0, "network"));
    const training = { steps: 1500, batch: 64, learningRate: 1e-3, weightDecay: 0, transform: undefined };
    await trainNetwork(network, train, 10, training, seeded(0, "training"), undefined);
    const test = mnist({ dir, split: "test" }).take(5000);
    const { index } = await labelPreservation(
      (x) => network.apply(x),
      test,
      horizontalFlip({ probability: 1 }),
      {
        reference: "label",
      },
    );
    tf.dispose([...network.variables.values()]);
    const result = await classSweep({
      settings: [{ name: "none" }, { name: "flip", transform: { flip: 0.5 } }],
      seeds: [1, 2, 3],
      handler: "mlp-mnist",
      store: join(folder, "flips"),
    });
    const { effects } = auditClasses(result, { reference: "none", draws: 1 });
    expect(
      spearman(
        Array.from(index),
        effects.map(({ delta }) => delta),
      ),
    ).toBeGreaterThanOrEqual(0.6);
  });
});

describe("error rates of 2,000 audits", () => {
  const audits = 2000;
  test.each([
    ["pairedT", "holm"],
    ["welch", "holm"],
    ["pairedT", "bh"],
    ["welch", "bh"],
  ] as const)("%s, %s", (name, correction) => {
    let [rejected, tests, families] = [0, 0, 0];
    for (let seed = 0; seed < audits; seed++) {
      const data = simulateAudit({ seed, runs: 5, classes: 10, images: 60, effects: {} });
      const { effects } = auditClasses(data, { reference: "a", draws: 1, test: name, correction });
      rejected += effects.filter(({ p }) => p <= 0.05).length;
      tests += effects.length;
      if (effects.some(({ verdict }) => verdict === "wins" || verdict === "loses")) families++;
    }
    expect(rejected / tests).toBeGreaterThanOrEqual(0.03);
    expect(rejected / tests).toBeLessThanOrEqual(0.07);
    expect(families / audits).toBeLessThanOrEqual(0.06);
  });

  test("one test of pooled images rejects far too often", () => {
    let [pooled, runs] = [0, 0];
    for (let seed = 0; seed < 400; seed++) {
      const data = simulateAudit({ seed, runs: 5, classes: 2, images: 1000, effects: {} });
      const { effects } = auditClasses(data, { reference: "a", draws: 1, test: "welch" });
      const { accuracy, delta } = effects[0]!;
      const share = accuracy - delta / 2;
      const z = delta / Math.sqrt((2 * share * (1 - share)) / 5000);
      if (Math.abs(z) > 1.96) pooled++;
      if (effects[0]!.p <= 0.05) runs++;
    }
    expect(pooled / 400).toBeGreaterThan(0.3);
    expect(runs / 400).toBeLessThan(0.08);
  });
});

test("hierarchical intervals cover the effect", () => {
  // Accuracies of the population, by a fine grid of the images' normal difficulty and the runs' noise.
  const accuracy = (shift: number) => {
    const sd = Math.hypot(1.2, 0.25);
    let [sum, mass] = [0, 0];
    for (let z = -6; z <= 6; z += 0.01) {
      const weight = Math.exp((-z * z) / 2);
      mass += weight;
      sum += weight / (1 + Math.exp(-(1.5 + sd * z + shift)));
    }
    return sum / mass;
  };
  for (const [runs, shift] of [
    [5, 0],
    [5, -0.6],
    [10, -0.6],
  ] as const) {
    const truth = accuracy(shift) - accuracy(0);
    let [covered, total] = [0, 0];
    for (let seed = 0; seed < 200; seed++) {
      const effects = Object.fromEntries(Array.from({ length: 4 }, (_, c) => [c, shift]));
      const data = simulateAudit({ seed, runs, classes: 4, images: 100, effects });
      const audit = auditClasses(data, { reference: "a", draws: 400, seed });
      for (const { deltaInterval } of audit.effects) {
        total++;
        if (deltaInterval[0] <= truth && truth <= deltaInterval[1]) covered++;
      }
    }
    expect(covered / total).toBeGreaterThanOrEqual(0.9);
  }
});
