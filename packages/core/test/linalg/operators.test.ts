import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { ArgumentError, NumericalError } from "../../src/errors/index.js";
import {
  type LinearOperator,
  lanczos,
  lobpcg,
  randomizedSvd,
  spectralNorm,
  svdHost,
  svdvals,
} from "../../src/linalg/index.js";
import { Generator } from "../../src/random/index.js";
import { expectClose, gaussians } from "../../src/testing/index.js";
import { distance, offOrthogonality, transpose, withSpectrum } from "./matrices.js";

function operator(values: ArrayLike<number>, m: number, n: number): LinearOperator {
  const a = tf.tensor2d(Float32Array.from(values), [m, n]);
  return { shape: [m, n], times: (v) => tf.matMul(a, v), timesTranspose: (v) => tf.matMul(a, v, true) };
}

const n = 60;
const falling = Float64Array.from({ length: n }, (_, i) => 10 * 0.8 ** i - (i % 7 === 6 ? 3 : 0));
const sorted = falling.slice().sort();
const symmetric = () => operator(withSpectrum(falling, 1), n, n);

test.each([lobpcg, lanczos])("%o finds both ends of a spectrum", async (search) => {
  for (const largest of [true, false]) {
    const k = 4;
    const found = await search(symmetric(), { k, largest, generator: new Generator(2) });
    const wanted = largest ? sorted.slice().reverse().slice(0, k) : sorted.slice(0, k);
    await expectClose(found.values, wanted, { relative: 1e-5, absolute: 1e-4 });
    expect(found.residual).toBeLessThanOrEqual(1e-5);
    expect(offOrthogonality(await found.vectors.data(), n, k)).toBeLessThan(1e-5);
    const product = symmetric().times(found.vectors);
    const expected = tf.mul(found.vectors, tf.expandDims(found.values, 0));
    await expectClose(product, expected, { relative: 0, absolute: 3e-4 });
  }
});

test("lobpcg finds every copy of an eigenvalue", async () => {
  const spectrum = Float64Array.from({ length: 40 }, (_, i) => (i < 3 ? 5 : 1 / (i + 1)));
  const op = operator(withSpectrum(spectrum, 3), 40, 40);
  const found = await lobpcg(op, { k: 4, generator: new Generator(4) });
  await expectClose(found.values, [5, 5, 5, 0.25], { relative: 1e-4 });
});

test("the identity, a zero operator and an order of one end at once", async () => {
  for (const search of [lobpcg, lanczos]) {
    const eye = await search(operator([1, 0, 0, 0, 1, 0, 0, 0, 1], 3, 3), {
      k: 3,
      generator: new Generator(5),
    });
    await expectClose(eye.values, [1, 1, 1], { relative: 1e-5 });
    const zero = await search(operator(new Float64Array(9), 3, 3), { k: 2, generator: new Generator(5) });
    await expectClose(zero.values, [0, 0]);
    const one = await search(operator([-7], 1, 1), { k: 1, generator: new Generator(5) });
    await expectClose(one.values, [-7], { relative: 1e-6 });
    await expectClose(one.vectors, [1]);
  }
});

test("the same generator gives the same result", async () => {
  const runs = await Promise.all(
    [7, 7].map((seed) => lobpcg(symmetric(), { k: 2, generator: new Generator(seed) })),
  );
  expect(await runs[0]!.vectors.data()).toEqual(await runs[1]!.vectors.data());
});

test("a search without enough iterations fails with its residual", async () => {
  for (const search of [lobpcg, lanczos]) {
    const run = search(symmetric(), { k: 3, maxIterations: 4, tolerance: 1e-7, generator: new Generator(8) });
    await expect(run).rejects.toThrow(NumericalError);
  }
});

test("an aborted search stops with the signal's reason and reports progress before", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const run = lobpcg(symmetric(), {
    k: 2,
    tolerance: 1e-12,
    generator: new Generator(9),
    signal: controller.signal,
    onProgress: ({ done }) => {
      if (done === 3) controller.abort(reason);
    },
  });
  await expect(run).rejects.toBe(reason);
});

test("spectralNorm of matrices, batches and operators is the largest singular value", async () => {
  const a = gaussians(2 * 8 * 5, 10);
  const batch = tf.tensor3d(Float32Array.from(a), [2, 8, 5]);
  const wanted = [a.subarray(0, 40), a.subarray(40)].map((part) => svdHost(part.slice(), 8, 5).s[0]!);
  await expectClose(spectralNorm(batch), wanted, { relative: 1e-6 });
  for (const [rows, columns] of [
    [8, 5],
    [5, 8],
  ] as [number, number][]) {
    const op = operator(a.subarray(0, 40), rows, columns);
    const expected = svdHost(a.slice(0, 40), rows, columns).s[0]!;
    await expectClose(await spectralNorm(op, { generator: new Generator(11) }), expected, { relative: 1e-5 });
  }
  const gradient = tf.grad((x) => spectralNorm(x))(tf.tensor2d([3, 0, 0, 1], [2, 2]));
  await expectClose(gradient, [1, 0, 0, 0]);
});

test("randomizedSvd finds a matrix of its rank and the head of a falling spectrum", async () => {
  const [m, k] = [50, 6];
  const left = gaussians(m * k, 12);
  const right = gaussians(k * 30, 13);
  const low = tf.matMul(
    tf.tensor2d(Float32Array.from(left), [m, k]),
    tf.tensor2d(Float32Array.from(right), [k, 30]),
  );
  const { u, s, vt } = randomizedSvd(low, { rank: k, generator: new Generator(14) });
  expect([u.shape, s.shape, vt.shape]).toEqual([[m, k], [k], [k, 30]]);
  const product = await tf.matMul(tf.mul(u, tf.expandDims(s, 0)), vt).data();
  expect(distance(await low.data(), product)).toBeLessThan(1e-5);
  await expectClose(s, tf.slice(svdvals(low), [0], [k]), { relative: 1e-5 });
  const spectrum = Float64Array.from({ length: 40 }, (_, i) => 0.7 ** i);
  const op = operator(withSpectrum(spectrum, 15), 40, 40);
  const head = randomizedSvd(op, { rank: 5, generator: new Generator(16) });
  await expectClose(head.s, spectrum.subarray(0, 5), { relative: 1e-4 });
  expect(offOrthogonality(transpose(await head.vt.data(), 5, 40), 40, 5)).toBeLessThan(1e-5);
});

test("the largest component of each left vector is positive", async () => {
  const { u } = randomizedSvd(tf.tensor2d(Float32Array.from(gaussians(20 * 9, 17)), [20, 9]), {
    rank: 4,
    generator: new Generator(18),
  });
  const columns = await tf.transpose(u).array();
  for (const column of columns as number[][]) {
    const largest = column.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
    expect(largest).toBeGreaterThan(0);
  }
});

test("wrong operators and options are refused", async () => {
  const generator = new Generator(19);
  const wide = operator(new Float64Array(6), 2, 3);
  await expect(lobpcg(wide, { k: 1, generator })).rejects.toThrow(/op has shape \[2,3\]; a square/);
  await expect(lobpcg(symmetric(), { k: 61, generator })).rejects.toThrow(ArgumentError);
  await expect(lanczos(symmetric(), { k: 0, generator })).rejects.toThrow(/k is 0/);
  // @ts-expect-error a generator is required
  await expect(lanczos(symmetric(), { k: 1 })).rejects.toThrow(/generator is undefined/);
  expect(() => randomizedSvd(tf.ones([3, 3]), { rank: 4, generator })).toThrow(/rank is 4/);
  // @ts-expect-error an operator needs options
  await expect(spectralNorm(wide)).rejects.toThrow(/options is undefined/);
});

test("searches leak nothing", async () => {
  const op = symmetric();
  const before = tf.memory().numTensors;
  for (const search of [lobpcg, lanczos]) {
    const { values, vectors } = await search(op, { k: 2, generator: new Generator(20) });
    expect(tf.memory().numTensors - before).toBe(2);
    tf.dispose([values, vectors]);
  }
  (await spectralNorm(op, { generator: new Generator(20) })).dispose();
  tf.dispose(Object.values(randomizedSvd(op, { rank: 2, generator: new Generator(20) })));
  expect(tf.memory().numTensors).toBe(before);
});
