import { gaussians } from "@lab/core/testing";
import { describe, expect, test } from "vitest";
import { minNormPoint } from "../src/solver/min-norm-point.js";

// Spec section 6.1: X = gauss(N, d, seed 1), Q = gauss(6 or 10, d, seed 2); distances of two implementations.
const goldens: [number, number, number, number[], number[]?][] = [
  [1000, 10, 0, [0, 0, 1.1925734411, 2.3221998111, 0.2977038833, 0], [11, 11, 7, 7, 9, 11]],
  [
    1000,
    50,
    0,
    [5.6269371088, 3.9840929941, 4.6192830392, 6.0372461596, 5.2133224073, 4.4265879008],
    [23, 21, 19, 12, 13, 23],
  ],
  [1000, 100, 0, [7.7047754029, 8.8944203683, 8.0966659992, 7.3061340037, 6.5066742719, 8.2713814401]],
  [10000, 10, 2, [0.7818741908, 1.9619928418, 0]],
  [10000, 50, 2, [3.8711548146, 5.5389467999, 4.7198416577]],
];

describe("minNormPoint", () => {
  for (const [n, d, first, distances, support] of goldens) {
    test(`distances of ${n} Gaussian points in R^${d}`, () => {
      const x = gaussians(n * d, 1);
      const q = gaussians(10 * d, 2);
      distances.forEach((expected, k) => {
        const y = x.map((v, i) => v - q[(first + k) * d + (i % d)]!);
        const { point, index, weight, gap } = minNormPoint(y, n, d);
        const norm = Math.hypot(...point);
        if (expected === 0) expect(norm).toBeLessThan(1e-12);
        else expect(Math.abs(norm / expected - 1)).toBeLessThan(1e-9);
        expect(gap).toBeLessThan(1e-10);
        expect(weight.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
        if (support) expect(index.length).toBe(support[k]);
      });
    });
  }
  test("the reference generator gives the numbers of the goldens", () => {
    expect(gaussians(3, 1)[2]).toBeCloseTo(1.123104193753, 12);
    expect(gaussians(3, 2)[0]).toBeCloseTo(-0.356833344111, 12);
  });
});
