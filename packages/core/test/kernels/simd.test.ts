import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { simdOf } from "../../src/kernels/wasm/simd/simd.js";
import { gaussians } from "../../src/testing/index.js";

const FLOATS = 1 << 15;
const [ACC, X, Y, CENTRE] = [1000, 4000, 12000, 20000];

/** The loops on a heap of normals of their own, and a copy of it from before. */
function heap(isShared: boolean) {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 8, shared: isShared });
  const values = new Float32Array(memory.buffer, 0, FLOATS);
  values.set(gaussians(FLOATS, 3));
  return { simd: simdOf({ asm: { memory } }), values, before: values.slice() };
}

/** Compares a stretch of the heap with what is expected there, and the rest with what was there before. */
function expectOnly(
  { values, before }: ReturnType<typeof heap>,
  start: number,
  expected: (number | undefined)[],
): void {
  for (let i = 0; i < FLOATS; i++) {
    const want = expected[i - start] ?? before[i]!;
    if (!(Math.abs(values[i]! - want) <= 1e-5 * (1 + Math.abs(want))))
      throw new Error(`float ${i} is ${values[i]} where ${want} was expected`);
  }
}

const shapes = [
  [1, 1, 1],
  [3, 5, 7],
  [4, 8, 3],
  [9, 13, 11],
  [16, 32, 2],
  [5, 4, 6],
  [6, 21, 5],
];

test.each([
  ["outerRows", false],
  ["outerRows", true],
  ["innerRows", false],
  ["innerRows", true],
] as const)("%s sums products, and nothing else is written (shared: %s)", (name, isShared) => {
  for (const [rows, columns, count] of shapes as [number, number, number][]) {
    const h = heap(isShared);
    const isTurned = name === "innerRows";
    const [xStep, yStep] = [(isTurned ? count : rows) + 2, columns + 3];
    h.simd[name](4 * ACC, 4 * X, 4 * xStep, 4 * Y, 4 * yStep, count, rows, columns);
    const x = (i: number, r: number) => h.before[X + (isTurned ? r * xStep + i : i * xStep + r)]!;
    const expected = Array.from({ length: rows * columns }, (_, at) => {
      const [r, c] = [Math.floor(at / columns), at % columns];
      let sum = h.before[ACC + at]!;
      for (let i = 0; i < count; i++) sum += x(i, r) * h.before[Y + i * yStep + c]!;
      return sum;
    });
    expectOnly(h, ACC, expected);
  }
});

const terms: Record<string, (x: number, y: number, centre: number) => number> = {
  sumRows: (x) => x,
  dotRows: (x, y) => x * y,
  centredDotRows: (x, y, centre) => y * (x - centre),
};

test.each(["sumRows", "dotRows", "centredDotRows"] as const)("%s reduces rows to channels", (name) => {
  for (const channels of [1, 3, 4, 15, 16, 17, 39]) {
    const h = heap(false);
    const [xStep, count] = [channels + 1, 9];
    h.simd[name](4 * ACC, 4 * X, 4 * xStep, 4 * Y, 4 * channels, 4 * CENTRE, count, channels);
    const expected = Array.from({ length: channels }, (_, c) => {
      let sum = h.before[ACC + c]!;
      for (let i = 0; i < count; i++) {
        const [x, y] = [h.before[X + i * xStep + c]!, h.before[Y + i * channels + c]!];
        sum += terms[name]!(x, y, h.before[CENTRE + c]!);
      }
      return sum;
    });
    expectOnly(h, ACC, expected);
  }
});

test.each([false, true])("rows are added with a factor for each channel, or copied (%s)", (isCopy) => {
  for (const channels of [1, 3, 4, 15, 16, 39]) {
    const h = heap(false);
    const [step, count] = [2 * channels, 5];
    const rows = [4 * ACC, 4 * step, 4 * X, 4 * channels] as const;
    if (isCopy) h.simd.copyRows(...rows, count, channels);
    else h.simd.addRows(...rows, 4 * CENTRE, count, channels);
    const expected = Array.from({ length: step * count }, (_, at) => {
      const [i, c] = [Math.floor(at / step), at % step];
      if (c >= channels) return undefined;
      const x = h.before[X + i * channels + c]!;
      return isCopy ? x : h.before[ACC + at]! + h.before[CENTRE + c]! * x;
    });
    expectOnly(h, ACC, expected);
  }
});

test("what is left of rows is moved where their values are met", () => {
  for (const channels of [1, 3, 4, 15, 16, 39]) {
    const h = heap(false);
    const [step, count] = [2 * channels, 5];
    // Every second value is met.
    for (let i = 0; i < count; i++)
      for (let c = i % 2; c < channels; c += 2) h.values[Y + i * channels + c] = h.values[X + i * step + c]!;
    h.before.set(h.values);
    h.simd.moveRows(4 * ACC, 4 * X, 4 * step, 4 * Y, 4 * CENTRE, 4 * channels, count, channels);
    const isMet = (i: number, c: number) => h.before[X + i * step + c] === h.before[Y + i * channels + c];
    const rest = Array.from({ length: channels * count }, (_, at) =>
      isMet(Math.floor(at / channels), at % channels) ? 0 : h.before[CENTRE + at]!,
    );
    expect([...h.values.subarray(CENTRE, CENTRE + rest.length)]).toEqual(rest);
    h.values.set(h.before.subarray(CENTRE, CENTRE + rest.length), CENTRE);
    const expected = Array.from({ length: step * count }, (_, at) => {
      const [i, c] = [Math.floor(at / step), at % step];
      if (c >= channels || !isMet(i, c)) return undefined;
      return h.before[ACC + at]! + h.before[CENTRE + i * channels + c]!;
    });
    expectOnly(h, ACC, expected);
  }
});

test("a backend that shows no memory is refused", () => {
  expect(() => simdOf({})).toThrow("shows no memory");
});

test("the loops of the wasm backend are made once", () => {
  if (tf.getBackend() !== "wasm") return;
  const { wasm } = tf.backend() as unknown as { wasm: Parameters<typeof simdOf>[0] };
  expect(simdOf(wasm)).toBe(simdOf(wasm));
});
