import { readFileSync } from "node:fs";
import { gaussians } from "@lab/core/testing";
import { describe, expect, test } from "vitest";
// @ts-expect-error a program in plain JavaScript, without types
import { moduleFile } from "../simd/build.mjs";
import { scoreBlock } from "../src/pricing/score-block.js";
import { hasSimd } from "../src/pricing/simd.js";

describe("scores on the host", () => {
  test("the module is what its source makes", () => {
    const kept = readFileSync(new URL("../src/pricing/score-module.ts", import.meta.url), "utf8");
    expect(kept).toBe(moduleFile());
  });

  const shapes: [number, number, number][] = [
    [1, 1, 1],
    [7, 3, 5],
    [130, 10, 9],
    [129, 33, 4],
    [9, 784, 6],
    [5, 1500, 2],
  ];
  for (const [n, d, count] of shapes) {
    test(`of ${n} rows in ${count} directions of R^${d}, with and without vectors`, () => {
      expect(hasSimd()).toBe(true);
      const center = gaussians(d, 3);
      const directions = gaussians(count * d, 2);
      for (const values of [
        gaussians(n * d, 1),
        Float32Array.from(gaussians(n * d, 1)),
        Uint8Array.from({ length: n * d }, (_, i) => (i * 37) % 256),
      ]) {
        for (const withSimd of [true, false]) {
          const seen = new Float64Array(n * count).fill(Number.NaN);
          const block = { values, first: 100, count: n, d };
          scoreBlock(block, center, directions, count, withSimd, (first, numRows, scores, stride) => {
            for (let r = 0; r < numRows; r++) {
              for (let k = 0; k < count; k++) {
                seen[(first - 100 + r) * count + k] = scores[r * stride + k]!;
              }
            }
          });
          for (let i = 0; i < n; i++) {
            for (let k = 0; k < count; k++) {
              let sum = 0;
              let size = 0;
              for (let j = 0; j < d; j++) {
                const term = directions[k * d + j]! * (values[i * d + j]! - center[j]!);
                sum += term;
                size += Math.abs(term);
              }
              expect(Math.abs(seen[i * count + k]! - sum)).toBeLessThanOrEqual(2 * d * 2 ** -53 * size);
            }
          }
        }
      }
    });
  }
});
