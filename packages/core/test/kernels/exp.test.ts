import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { callKernel, hasHostKernel } from "../../src/host-kernel/index.js";

const ulps = (a: number, b: number) => Math.abs(a - b) / (2 ** -23 * Math.max(Math.abs(b), 2 ** -126));

test("the exponential is right to two units in the last place, from denormal to the largest numbers", async () => {
  const x = Float32Array.from({ length: 4003 }, (_, i) => -87 + (175.7 * i) / 4002);
  const values = await tf.exp(tf.tensor1d(x)).data();
  for (const [i, value] of values.entries()) expect(ulps(value, Math.exp(x[i]!))).toBeLessThanOrEqual(2);
  const tiny = await tf.exp(tf.tensor1d([-88, -95, -103])).data();
  for (const [i, power] of [-88, -95, -103].entries())
    expect(Math.abs(tiny[i]! - Math.exp(power))).toBeLessThanOrEqual(2 ** -148);
});

test("special values are those of the definition", async () => {
  const given = [
    0,
    -0,
    1,
    -1000,
    1000,
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    88.7,
    88.8,
  ];
  const values = await tf.exp(tf.tensor1d(given)).data();
  expect([...values.slice(0, 2)]).toEqual([1, 1]);
  expect(ulps(values[2]!, Math.E)).toBeLessThanOrEqual(1);
  expect([...values.slice(3, 8)]).toEqual([
    0,
    Number.POSITIVE_INFINITY,
    0,
    Number.POSITIVE_INFINITY,
    Number.NaN,
  ]);
  expect(values[8]).toBeLessThan(3.4028235e38);
  expect(values[9]).toBe(Number.POSITIVE_INFINITY);
  expect((await tf.exp(tf.zeros([0, 3])).data()).length).toBe(0);
  expect((await tf.exp(tf.scalar(0)).data())[0]).toBe(1);
});

test("the gradient of the exponential is what it was", async () => {
  const x = tf.tensor2d([0.5, -2, 3, 0, 1, -1], [2, 3]);
  const gradient = await tf
    .grad((v) => tf.exp(v))(x)
    .data();
  for (const [i, value] of (await x.data()).entries())
    expect(ulps(gradient[i]!, Math.exp(value))).toBeLessThanOrEqual(2);
});

test("sums of exponentials leave the diagonal and the input alone", async () => {
  expect(hasHostKernel("LabExpSums")).toBe(true);
  for (const [rows, columns] of [
    [1, 1],
    [3, 7],
    [8, 5],
    [9, 16],
  ] as const) {
    const given = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i) - 1);
    const x = tf.tensor2d(given, [rows, columns]);
    for (const withoutDiagonal of [false, true]) {
      const [e, rowSums, columnSums] = callKernel("LabExpSums", { x }, { withoutDiagonal });
      const values = await e!.data();
      const [byRow, byColumn] = [new Float64Array(rows), new Float64Array(columns)];
      for (const [at, value] of values.entries()) {
        const [i, j] = [Math.floor(at / columns), at % columns];
        const expected = withoutDiagonal && i === j ? 0 : Math.exp(given[at]!);
        expect(Math.abs(value - expected)).toBeLessThan(3e-7);
        byRow[i]! += expected;
        byColumn[j]! += expected;
      }
      for (const [i, sum] of (await rowSums!.data()).entries()) expect(sum).toBeCloseTo(byRow[i]!, 5);
      for (const [j, sum] of (await columnSums!.data()).entries()) expect(sum).toBeCloseTo(byColumn[j]!, 5);
    }
    expect([...(await x.data())]).toEqual([...given]);
    const [u, v] = [rows, columns].map((size, k) => tf.add(tf.range(1, size + 1), k * 10)) as [
      tf.Tensor1D,
      tf.Tensor1D,
    ];
    const [product] = callKernel("LabTimesOuterSum", { x, u, v });
    for (const [at, value] of (await product!.data()).entries())
      expect(value).toBeCloseTo(given[at]! * (1 + Math.floor(at / columns) + (at % columns) + 11), 4);
  }
});
