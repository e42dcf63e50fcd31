import { clusterAccuracy } from "@lab/core/metrics";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { elasticNetClusters } from "../src/index.js";
import { elasticNetCode } from "../src/subspaces/elastic-net-code.js";
import { fill, unitRows } from "./reference/fill.js";
import reference from "./reference/subspaces.json" with { type: "json" };

const COUNT = 24;
const DIM = 6;
const x = unitRows(fill(COUNT, DIM, 0.3), DIM);

test.each(reference.cases)("row $row is coded as by scikit-learn, τ = $tau, γ = $gamma", (one) => {
  const { indices, values } = elasticNetCode(
    { x, count: COUNT, dim: DIM, tau: one.tau, gamma: one.gamma },
    one.row,
  );
  const code = new Float64Array(COUNT);
  for (const [at, i] of indices.entries()) code[i] = values[at]!;
  expect(code[one.row]).toBe(0);
  for (const [i, value] of one.code.entries()) expect(Math.abs(code[i]! - value)).toBeLessThan(1e-5);
});

/** Rows of `numClusters` random subspaces of a dimension, taking turns, with some noise. */
function subspaces(count: number, dim: number, numClusters: number, rank: number, noise: number) {
  const generator = new Generator(5);
  const bases = Array.from({ length: numClusters }, (_, c) =>
    generator.split(`basis ${c}`).normal64(rank * dim),
  );
  const draws = generator.split("draws").normal64(count * rank);
  const rows = generator
    .split("noise")
    .normal64(count * dim)
    .map((v) => noise * v);
  for (let i = 0; i < count; i++)
    for (let r = 0; r < rank; r++)
      for (let k = 0; k < dim; k++)
        rows[i * dim + k]! += draws[i * rank + r]! * bases[i % numClusters]![r * dim + k]!;
  return tf.tensor2d(Float32Array.from(unitRows(rows, dim)), [count, dim]);
}

test.each([1, 0.5])("rows of three planes that are not orthogonal are told apart, τ = %s", async (tau) => {
  const z = subspaces(150, 8, 3, 2, 0.01);
  const before = tf.memory().numTensors;
  const { labels, neighbours } = await elasticNetClusters(z, { numClusters: 3, tau, gamma: 50 });
  expect(tf.memory().numTensors).toBe(before);
  const truth = Int32Array.from(labels, (_, i) => i % 3);
  expect(await clusterAccuracy(labels, truth)).toBeGreaterThan(0.98);
  // A row of a plane takes two others; squares in the penalty spread it over more.
  expect(neighbours).toBeGreaterThan(tau === 1 ? 1.5 : 4);
  expect(neighbours).toBeLessThan(tau === 1 ? 6 : 40);
});

test("a large set of rows is worked on in parts to the same codes", () => {
  const count = 260;
  const rows = unitRows(new Generator(2).normal64(count * DIM), DIM);
  const net = { x: rows, count, dim: DIM, tau: 0.8, gamma: 30 };
  const { indices, values } = elasticNetCode(net, 3);
  const residual = rows.slice(3 * DIM, 4 * DIM);
  const at = (i: number, v: Float64Array) => v.reduce((sum, value, k) => sum + value * rows[i * DIM + k]!, 0);
  const target = residual.slice();
  const coherence = Math.max(
    ...Array.from({ length: count }, (_, i) => (i === 3 ? 0 : Math.abs(at(i, target)))),
  );
  const alpha = coherence / (0.8 * 30);
  for (const [n, i] of indices.entries())
    for (let k = 0; k < DIM; k++) residual[k]! -= values[n]! * rows[i * DIM + k]!;
  const used = new Map(indices.map((i, n) => [i, values[n]!]));
  for (let i = 0; i < count; i++) {
    if (i === 3) continue;
    const [value, pull] = [used.get(i) ?? 0, at(i, residual)];
    // Optimality: the pull equals the penalty's slope where a coefficient is used and stays below it elsewhere.
    if (value === 0) expect(Math.abs(pull)).toBeLessThanOrEqual(0.8 * alpha * (1 + 1e-5));
    else expect(pull).toBeCloseTo(alpha * (0.8 * Math.sign(value) + 0.2 * value), 5);
  }
});

test("a zero row belongs to nobody, and wrong arguments are named", async () => {
  const z = tf.concat([subspaces(30, 4, 2, 1, 0), tf.zeros([1, 4])]) as tf.Tensor2D;
  const { labels } = await elasticNetClusters(z, { numClusters: 2 });
  expect(labels).toHaveLength(31);
  expect(
    await clusterAccuracy(
      labels.subarray(0, 30),
      Int32Array.from({ length: 30 }, (_, i) => i % 2),
    ),
  ).toBe(1);
  await expect(elasticNetClusters(z, { numClusters: 31 })).rejects.toThrow(/numClusters is 31/);
  await expect(elasticNetClusters(z, { numClusters: 2, gamma: 1 })).rejects.toThrow(/gamma is 1/);
  await expect(elasticNetClusters(z, { numClusters: 2, tau: 0 })).rejects.toThrow(/tau is 0/);
  await expect(
    elasticNetClusters(tf.tensor2d([1, 2, Number.NaN, 1, 3, 4], [3, 2]), { numClusters: 2 }),
  ).rejects.toThrow(/elasticNetClusters: z contains NaN in row 1/);
  const aborted = AbortSignal.abort(new Error("stop"));
  await expect(elasticNetClusters(z, { numClusters: 2, signal: aborted })).rejects.toThrow("stop");
});
