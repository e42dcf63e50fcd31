import { NumericalError } from "@lab/core";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { SwagCollector } from "../src/index.js";

const step = (n: number) => ({ type: "step" as const, step: n, scalars: {} });

/** Values that a collector sees, with means far from zero compared with their spread. */
const path = Array.from({ length: 12 }, (_, n) => [
  5 + Math.sin(n),
  -3 + 0.01 * Math.cos(2 * n),
  100 + 1e-3 * n,
]);

async function collect(variable: tf.Variable, collector: SwagCollector, rows: number[][]): Promise<void> {
  for (const row of rows) {
    variable.assign(tf.tensor1d(row));
    collector.collect();
  }
  await collector.check();
}

test("mean, variance and deviations are those of the definition", async () => {
  const variable = tf.variable(tf.zeros([3]), true, "swag-a");
  const collector = new SwagCollector([variable], { rank: 4, every: 1 });
  await collect(variable, collector, path);
  const { mean, variance, deviations } = collector.prior().vectors();
  const n = path.length;
  const meanAt = (count: number, j: number) =>
    path.slice(0, count).reduce((sum, row) => sum + Math.fround(row[j]!), 0) / count;
  for (const j of [0, 1, 2]) {
    const d = path.reduce((sum, row) => sum + (Math.fround(row[j]!) - meanAt(n, j)) ** 2, 0) / n;
    await expectClose((await mean.data())[j]!, meanAt(n, j), { relative: 1e-6 });
    await expectClose((await variance.data())[j]!, d, { relative: 0.02, absolute: 1e-9 });
    for (let k = 0; k < 4; k++) {
      const i = n - 4 + k; // the last four, from the running mean that includes the weight itself
      const delta = (Math.fround(path[i]![j]!) - meanAt(i + 1, j)) / Math.sqrt(2 * 3);
      await expectClose((await deviations!.data())[3 * k + j]!, delta, { relative: 1e-3, absolute: 1e-5 });
    }
  }
  collector.dispose();
});

test("deviations from the final mean are an option", async () => {
  const variable = tf.variable(tf.zeros([3]), true, "swag-b");
  const collector = new SwagCollector([variable], { rank: 3, every: 1, deviationMean: "final" });
  await collect(variable, collector, path);
  const { mean, deviations } = collector.prior().vectors();
  const last = (path.at(-1)![0]! - (await mean.data())[0]!) / 2;
  await expectClose((await deviations!.data())[6]!, last, { relative: 1e-5 });
  collector.dispose();
});

test("an Ornstein–Uhlenbeck path has its stationary variance within 10 % after 5000 collections", async () => {
  // x ← (1 − a) x + noise has variance σ²/(1 − (1 − a)²), for twenty coordinates with spreads from 0.1 to 2.
  const [a, size] = [0.5, 20];
  const spread = tf.linspace(0.1, 2, size);
  const variable = tf.variable(tf.zeros([size]), true, "swag-ou");
  const collector = new SwagCollector([variable], { rank: 0, every: 1 });
  const generator = new Generator(2);
  for (let n = 0; n < 5000; n++) {
    tf.tidy(() => variable.assign(tf.add(tf.mul(variable, 1 - a), tf.mul(generator.normal([size]), spread))));
    collector.collect();
    if (n % 500 === 0) await collector.check();
  }
  await collector.check();
  const { variance } = collector.prior().vectors();
  const expected = tf.div(tf.square(spread), 1 - (1 - a) ** 2);
  await expectClose(variance, expected, { relative: 0.1, absolute: 0 });
  collector.dispose();
});

test("a collector that was saved and restored midway gives bitwise the same prior", async () => {
  const variable = tf.variable(tf.zeros([3]), true, "swag-c");
  const options = { rank: 3, every: 1 };
  const whole = new SwagCollector([variable], options);
  await collect(variable, whole, path);
  const half = new SwagCollector([variable], options);
  await collect(variable, half, path.slice(0, 7));
  const restored = SwagCollector.fromState(await half.state(), [variable], options);
  await collect(variable, restored, path.slice(7));
  const [first, second] = [whole.prior().vectors(), restored.prior().vectors()];
  for (const name of ["mean", "variance", "deviations"] as const) {
    expect([...(await first[name]!.data())]).toEqual([...(await second[name]!.data())]);
  }
  for (const collector of [whole, half, restored]) collector.dispose();
});

test("the callback collects after every so many updates beyond the start", async () => {
  const variable = tf.variable(tf.zeros([3]), true, "swag-d");
  const collector = new SwagCollector([variable], { rank: 0, start: 10, every: 5 });
  for (let n = 1; n <= 30; n++) await collector.callback(step(n));
  await collector.callback({ type: "evaluate", step: 30, scalars: {} });
  expect(collector.count).toBe(4);
  collector.dispose();
});

test("weights that are not finite are refused with parameter and step", async () => {
  const good = tf.variable(tf.zeros([2]), true, "swag-good");
  const bad = tf.variable(tf.tensor1d([1, Number.NaN]), true, "swag-bad");
  const collector = new SwagCollector([good, bad], { rank: 0, every: 1 });
  await expect(collector.callback(step(7))).rejects.toThrow(
    "SwagCollector: swag-bad holds values that are not finite at step 7",
  );
  await expect(collector.callback(step(8))).rejects.toBeInstanceOf(NumericalError);
  collector.dispose();
});

test("options and counts out of range are refused", async () => {
  expect(() => new SwagCollector([tf.variable(tf.ones([2]))], undefined as never)).toThrow(
    "options is undefined",
  );
  const variable = tf.variable(tf.zeros([3]), true, "swag-e");
  expect(() => new SwagCollector([variable], { every: 0 })).toThrow(
    "every is 0; an integer >= 1 was expected",
  );
  expect(() => new SwagCollector([variable], { every: 1, rank: 1 })).toThrow("rank is 1; 0 or at least 2");
  expect(() => new SwagCollector([variable], { every: 1, select: () => false })).toThrow(
    "select takes none of swag-e",
  );
  const collector = new SwagCollector([variable], { every: 1 });
  collector.collect();
  expect(() => collector.prior()).toThrow("1 weights were collected; at least 2 were expected");
  const other = tf.variable(tf.zeros([2]), true, "swag-f");
  const state = await collector.state();
  expect(() => SwagCollector.fromState(state, [other], { every: 1 })).toThrow(
    "swag-e [3]; swag-f [2] was expected",
  );
  collector.dispose();
});

test("collecting leaks nothing", async () => {
  const variable = tf.variable(tf.zeros([3]), true, "swag-g");
  const before = tf.memory().numTensors;
  const collector = new SwagCollector([variable], { rank: 2, every: 1 });
  for (const row of path.slice(0, 4)) tf.tidy(() => variable.assign(tf.tensor1d(row)));
  for (let n = 1; n <= 4; n++) await collector.callback(step(n));
  const held = tf.memory().numTensors;
  for (let n = 5; n <= 9; n++) await collector.callback(step(n));
  expect(tf.memory().numTensors).toBe(held);
  collector.prior().dispose();
  collector.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
