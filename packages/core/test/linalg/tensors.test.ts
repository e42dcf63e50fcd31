import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import {
  ArgumentError,
  BackendError,
  NotPositiveDefiniteError,
  NumericalError,
  ShapeError,
} from "../../src/errors/index.js";
import {
  cholesky,
  choleskySolve,
  effectiveRank,
  eigh,
  eigvalsh,
  logdet,
  logdetGram,
  lstsq,
  numericalRank,
  pinv,
  qr,
  slogdet,
  solve,
  svd,
  svdvals,
  triangularSolve,
} from "../../src/linalg/index.js";
import { readHostValues } from "../../src/linalg/kernels/host-values.js";
import { blockedCholesky, blockedTriangularSolve } from "../../src/linalg/kernels/webgpu.js";
import { expectClose, gaussians } from "../../src/testing/index.js";
import { distance, spectra, withSpectrum } from "./matrices.js";

const tensor = (values: ArrayLike<number>, shape: number[]) => tf.tensor(Float32Array.from(values), shape);
const random = (shape: number[], seed: number) =>
  tensor(
    gaussians(
      shape.reduce((product, size) => product * size, 1),
      seed,
    ),
    shape,
  );
const spd = (n: number, seed: number) => tensor(withSpectrum(spectra.random!(n), seed), [n, n]);

test.each([1, 2, 3, 16, 61])("factors multiply back to a batch at n = %i", async (n) => {
  const a = tf.stack([spd(n, 1), spd(n, 2)]);
  const l = cholesky(a);
  await expectClose(tf.matMul(l, l, false, true), a, { relative: 1e-5, absolute: 1e-5 });
  const { values, vectors } = eigh(a);
  await expectClose(tf.matMul(tf.mul(vectors, tf.expandDims(values, 1)), vectors, false, true), a, {
    relative: 1e-5,
    absolute: 2e-5,
  });
  await expectClose(eigvalsh(a), values, { relative: 1e-6, absolute: 1e-6 });
  const { q, r } = qr(a);
  await expectClose(tf.matMul(q, r), a, { relative: 1e-5, absolute: 2e-5 });
  const { u, s, vt } = svd(a);
  await expectClose(tf.matMul(tf.mul(u, tf.expandDims(s, 1)), vt), a, { relative: 1e-5, absolute: 2e-5 });
  await expectClose(svdvals(a), s, { relative: 1e-6, absolute: 1e-6 });
  await expectClose(logdet(a), slogdet(a).logAbs, { relative: 1e-5, absolute: 1e-5 });
  await expectClose(logdet(a), tf.sum(tf.log(values), -1), { relative: 1e-5, absolute: 1e-4 });
});

test("leading axes broadcast, and a vector is one right side", async () => {
  const a = tf.stack([spd(3, 3), spd(3, 4)]);
  const b = random([3, 2], 5);
  const x = solve(a, b);
  expect(x.shape).toEqual([2, 3, 2]);
  await expectClose(tf.matMul(a, x), tf.stack([b, b]), { relative: 1e-4, absolute: 1e-5 });
  const vector = random([3], 6);
  expect(solve(a, vector).shape).toEqual([2, 3]);
  expect(lstsq(random([4, 5, 2], 7), random([5], 8)).shape).toEqual([4, 2]);
  await expectClose(choleskySolve(cholesky(a), b), x, { relative: 1e-4, absolute: 1e-5 });
  const rightBatch = random([2, 3, 1], 9);
  expect(triangularSolve(cholesky(spd(3, 3)), rightBatch).shape).toEqual([2, 3, 1]);
  expect(cholesky(tf.reshape(a, [2, 1, 3, 3])).shape).toEqual([2, 1, 3, 3]);
});

test("logdetGram is the same from both sides and equals logdet", async () => {
  const z = random([2, 4, 7], 10);
  const gram = tf.add(tf.mul(tf.matMul(z, z, true), 0.3), tf.eye(7));
  await expectClose(logdetGram(z, 0.3), logdet(gram), { relative: 1e-5 });
  await expectClose(logdetGram(tf.transpose(z, [0, 2, 1]), 0.3), logdetGram(z, 0.3), { relative: 1e-6 });
  await expectClose(logdetGram(z, 0), [0, 0]);
});

test("lstsq and pinv handle tall, wide and rank deficient matrices", async () => {
  for (const shape of [
    [7, 3],
    [3, 7],
    [4, 4],
  ] as [number, number][]) {
    const a = random(shape, 11);
    const p = pinv(a);
    await expectClose(tf.matMul(tf.matMul(a, p), a), a, { relative: 1e-4, absolute: 1e-5 });
    const b = random([shape[0], 2], 12);
    await expectClose(lstsq(a, b), tf.matMul(p, b), { relative: 1e-3, absolute: 1e-4 });
  }
  const rankOne = tf.matMul(random([5, 1], 13), random([1, 4], 14));
  const p = pinv(rankOne);
  await expectClose(tf.matMul(tf.matMul(rankOne, p), rankOne), rankOne, { relative: 1e-4, absolute: 1e-5 });
  await expectClose(pinv(tf.zeros([2, 3])), new Float32Array(6));
});

test("lstsq keeps digits that the normal equations lose", async () => {
  // Läuchli's matrix: AᵀA is singular in float32.
  const e = 3e-4;
  const a = tf.tensor2d([1, 1, e, 0, 0, e], [3, 2]);
  await expectClose(lstsq(a, tf.tensor1d([2, e, e])), [1, 1], { relative: 2e-3 });
});

test("ranks are counted and measured", async () => {
  expect(await numericalRank(svdvals(tf.ones([3, 4]))).array()).toBe(1);
  expect(
    await numericalRank(
      tf.tensor2d([
        [2, 1],
        [0, 0],
      ]),
    ).array(),
  ).toEqual([2, 0]);
  expect(await numericalRank(tf.tensor1d([4, 1]), { tolerance: 0.5 }).array()).toBe(1);
  await expectClose(
    effectiveRank(
      tf.tensor2d([
        [1, 1],
        [1, 0],
        [0, 0],
      ]),
    ),
    [2, 1, 0],
    { relative: 1e-6 },
  );
  // Covariance eigenvalues of the fill(8,4,0) example and their effective rank.
  await expectClose(effectiveRank(tf.tensor1d([0.98794004, 0.913121, 0.09807617, 0.01128006])), 2.4206229, {
    relative: 1e-6,
  });
});

test.each([1, 2, 7, 33])("the products that WebGPU runs agree with the host at n = %i", async (n) => {
  const a = tf.stack([spd(n, 15), spd(n, 16)]);
  const l = cholesky(a);
  await expectClose(blockedCholesky(a), l, { relative: 1e-4, absolute: 1e-5 });
  const b = random([2, n, 3], 17);
  for (const lower of [true, false]) {
    for (const transpose of [true, false]) {
      const triangle = lower ? l : tf.transpose(l, [0, 2, 1]);
      await expectClose(
        blockedTriangularSolve(triangle, b, lower, transpose),
        triangularSolve(triangle, b, { lower, transpose }),
        { relative: 1e-3, absolute: 1e-4 },
      );
    }
  }
});

test("n = 512 has residuals at float32 rounding", async () => {
  const n = 512;
  const g = random([n, n], 18);
  const a = tf.add(tf.matMul(g, g, false, true), tf.eye(n));
  const l = cholesky(a);
  const product = await tf.matMul(l, l, false, true).data();
  expect(distance(await a.data(), product)).toBeLessThan(1e-6);
});

test("a jitter is relative and makes a singular matrix factor", async () => {
  expect(() => cholesky(tf.ones([2, 2]))).toThrow(NotPositiveDefiniteError);
  const l = cholesky(tf.mul(tf.ones([2, 2]), 100), { jitter: 1e-3 });
  await expectClose(tf.matMul(l, l, false, true), [100.1, 100, 100, 100.1], { relative: 1e-5 });
});

test("errors name the function, the argument and what it is", () => {
  let error: unknown;
  try {
    cholesky(tf.tensor3d([1, 0, 0, 1, 1, 0, 0, -2], [2, 2, 2]));
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(NotPositiveDefiniteError);
  expect(error).toMatchObject({ pivot: 1, value: -2, code: "LAB_NUMERIC" });
  expect(() => cholesky(tf.zeros([2, 3]))).toThrow("cholesky: a has shape [2,3]; square matrices");
  expect(() => cholesky(tf.zeros([2]))).toThrow(ShapeError);
  expect(() => cholesky(tf.zeros([2, 2], "int32"))).toThrow(/dtype int32; float32 was expected/);
  expect(() => cholesky(tf.eye(2), { jitter: -1 })).toThrow(ArgumentError);
  expect(() =>
    eigh(
      tf.tensor2d([
        [1, Number.NaN],
        [0, 1],
      ]),
    ),
  ).toThrow(/eigh: a with shape \[2,2\] has value NaN at flat/);
  expect(() => eigh(tf.eye(2), { broadening: -1 })).toThrow(ArgumentError);
  expect(() => solve(tf.ones([2, 2]), tf.ones([2, 1]))).toThrow(NumericalError);
  expect(() => solve(tf.eye(2), tf.ones([3, 1]))).toThrow(/b has shape \[3,1\] and a has shape \[2,2\]/);
  expect(() => solve(tf.ones([2, 2, 2]), tf.ones([3, 2, 1]))).toThrow(/leading axes that broadcast/);
  expect(() => triangularSolve(tf.zeros([2, 2]), tf.ones([2]))).toThrow(NumericalError);
  expect(() => logdetGram(tf.ones([2, 2]), -1)).toThrow(/c is -1; a finite number >= 0/);
  expect(() => effectiveRank(tf.scalar(1))).toThrow(ShapeError);
});

test("nothing leaks and arguments stay usable, with and without gradients", async () => {
  const a = spd(4, 19);
  const b = random([4, 2], 20);
  const all = () =>
    [
      cholesky(a, { jitter: 0.1 }),
      triangularSolve(a, b),
      choleskySolve(a, b),
      solve(a, b),
      logdet(a),
      ...Object.values(slogdet(a)),
      logdetGram(b, 1),
      ...Object.values(eigh(a)),
      eigvalsh(a),
      ...Object.values(svd(a)),
      svdvals(a),
      ...Object.values(qr(a)),
      lstsq(a, b),
      pinv(a),
      effectiveRank(a),
      numericalRank(a),
    ] as tf.Tensor[];
  const count = all().length;
  const before = tf.memory().numTensors;
  const results = all();
  expect(tf.memory().numTensors - before).toBe(count);
  tf.dispose(results);
  const gradients = [
    tf.grad((x) => tf.sum(eigh(x).vectors))(a),
    tf.grad((x) => tf.sum(svd(x).u))(a),
    tf.grad((x) => logdet(x))(a),
    tf.grad((x) => tf.sum(lstsq(x, b)))(a),
    tf.grad((x) => tf.sum(tf.grad((y) => logdet(y))(x)))(a),
  ];
  expect(tf.memory().numTensors - before).toBe(gradients.length);
  expect((await a.data()).length).toBe(16);
});

test("on webgpu a tensor that has not been read is refused with what to do", () => {
  const dataId = {};
  const held: { values?: Float32Array } = {};
  const backend = { tensorMap: { get: () => held }, readSync: () => held.values };
  const read = () =>
    readHostValues(
      backend as unknown as tf.KernelBackend,
      "eigh",
      "a",
      { dataId, shape: [1], dtype: "float32" },
      "webgpu",
    );
  expect(read).toThrow(BackendError);
  expect(read).toThrow(/`await a.data\(\)` first/);
  held.values = Float32Array.of(2);
  expect(read()).toEqual(Float32Array.of(2));
});
