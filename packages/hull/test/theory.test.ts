import { describe, expect, test } from "vitest";
import { ballInside } from "../src/theory/ball.js";
import { logGaussianOutside, logInternalAngle, logPowerMean } from "../src/theory/gaussian.js";
import * as theory from "../src/theory/index.js";
import { logBinomial } from "../src/theory/log-binomial.js";

const close = (actual: number, expected: number, relative: number) => {
  expect(Math.abs(actual / expected - 1), `${actual} for ${expected}`).toBeLessThan(relative);
};

// Values computed with 40 digits (Gaussian) and 60 digits (ball).
describe("Gaussian", () => {
  const values: [number, number, number, number, number][] = [
    [3, 2, 1, 0.0877398280459, 1e-11],
    [10, 2, 1, 0.488748141608, 1e-11],
    [20, 5, 1, 0.081198661165, 1e-11],
    [1000, 10, 1, 0.262882190139, 1e-11],
    [1e4, 10, 1, 0.646842250399, 1e-11],
    [1000, 20, 1, 8.72652886e-4, 1e-8],
    [1e4, 20, 1, 0.0307888290844, 1e-11],
    [6e4, 30, 1, 0.00216487111, 1e-8],
    [1e4, 50, 1, 4.21233858e-12, 1e-8],
    [1e6, 100, 1, 8.02268104e-24, 1e-8],
    [1000, 200, 1, 3.94571552e-155, 1e-8],
    [100, 3, 2, 0.246121752199, 1e-11],
    [100, 3, 0.5, 0.997807577334, 1e-11],
    [30, 8, 0.5, 0.220062903848, 1e-11],
  ];
  for (const [n, d, sigma, expected, tolerance] of values) {
    test(`P_in of ${n} points in R^${d}, sigma ${sigma}`, () => {
      close(theory.gaussianHullProbability({ n, d, sigma }), expected, tolerance);
    });
  }
  test("inside and outside sum to 1", () => {
    for (const [n, d] of [
      [3, 2],
      [20, 5],
      [1000, 10],
      [1e4, 20],
      [50, 30],
      [1e6, 15],
    ] as const) {
      const sum = theory.gaussianHullProbability({ n, d }) + Math.exp(logGaussianOutside(n, d));
      expect(Math.abs(sum - 1)).toBeLessThan(1e-11);
    }
  });
  test("the means of powers", () => {
    close(Math.exp(logInternalAngle(3, 1)), 0.043869914023, 1e-10); // g_3(-1/4)
    close(Math.exp(logInternalAngle(10, 1)), 1.58301866e-7, 1e-8); // g_10(-1/11)
    close(Math.exp(logPowerMean(10, 0.5)), 0.0437534970347, 1e-11);
    close(Math.exp(logPowerMean(1e6, 1)), 1 / (1e6 + 1), 1e-11);
    close(Math.exp(logPowerMean(2, 0.3)), 0.25 + Math.asin(0.3 / 1.3) / (2 * Math.PI), 1e-12);
  });
  test("a line gives (n - 1)/(n + 1)", () => {
    for (const n of [2, 3, 10, 500])
      close(theory.gaussianHullProbability({ n, d: 1 }), (n - 1) / (n + 1), 1e-11);
  });
  test("no simplex has room in too high a dimension", () => {
    expect(theory.gaussianHullProbability({ n: 5, d: 5 })).toBe(0);
    expect(theory.logGaussianHullProbability({ n: 5, d: 5 })).toBe(Number.NEGATIVE_INFINITY);
  });
  test("the logarithm goes below the range of doubles", () => {
    const log = theory.logGaussianHullProbability({ n: 1000, d: 400 });
    expect(log).toBeLessThan(-750);
    expect(Number.isFinite(log)).toBe(true);
  });
});

describe("ball", () => {
  const values: [number, number, number, number, number][] = [
    [3, 2, 0, 35 / (48 * Math.PI ** 2), 1e-10],
    [4, 3, 0, 9 / 715, 1e-10],
    [10, 2, 0, 0.4191324449, 1e-9],
    [100, 3, 0, 0.6104968564, 1e-9],
    [1000, 5, 0, 0.5043927355, 1e-9],
    [1000, 10, 0, 0.0264485414, 3e-9],
    [1e4, 10, 0, 0.118166215, 5e-9],
    [1000, 20, 0, 9.056049222e-7, 1e-9],
    [51, 20, 0, 2.78930124e-13, 3e-9],
    [10, 2, 1, 0.45360951752519, 1e-9],
    [10, 2, 0.5, 0.441887118, 2e-9],
    [10, 3, 0.5, 0.154905993, 5e-9],
  ];
  for (const [n, d, beta, expected, tolerance] of values) {
    test(`P_in of ${n} points in R^${d}, beta ${beta}`, () => {
      close(theory.ballHullProbability({ n, d, beta }), expected, tolerance);
    });
  }
  test("40 digits in R^30", () => {
    close(480_377 * ballInside(480_376, 30, 0), 1.00000401298413, 1e-10);
  });
  test("a whole exponent agrees with its neighbours", () => {
    close(ballInside(30, 3, 1), ballInside(30, 3, 1 + 1e-9), 1e-7);
  });
  test("d + 1 points agree with Kingman", () => {
    for (const d of [2, 3, 4, 6]) close(theory.ballHullProbability({ n: d + 1, d }), theory.kingman(d), 1e-9);
  });
});

describe("closed forms", () => {
  test("Kingman", () => close(theory.kingman(4), 0.00178503199, 1e-8));
  test("Wendel", () => {
    close(theory.wendelProbability({ n: 3, d: 2 }), 1 / 4, 1e-13);
    close(theory.wendelProbability({ n: 10, d: 3 }), 233 / 256, 1e-13);
    close(theory.wendelProbability({ n: 20, d: 10 }), 1 / 2, 1e-13);
    close(theory.wendelProbability({ n: 20, d: 5 }), 129813 / 131072, 1e-13);
  });
  test("Valtr", () => {
    close(theory.valtr({ n: 4, body: "parallelogram" }), 25 / 36, 1e-12);
    close(theory.valtr({ n: 4, body: "triangle" }), 2 / 3, 1e-12);
  });
  test("random walk", () => {
    close(1 - theory.randomWalkHullProbability({ n: 2, d: 1 }), 3 / 4, 1e-13);
    close(1 - theory.randomWalkHullProbability({ n: 5, d: 2 }), 563 / 640, 1e-13);
    close(1 - theory.randomWalkHullProbability({ n: 10, d: 3 }), 24288893 / 25804800, 1e-13);
  });
  test("expected extreme points", () => {
    const law = "gaussian";
    close(theory.expectedExtremePoints({ n: 100, d: 2, law }), 8.8891879948, 1e-9);
    close(theory.expectedExtremePoints({ n: 1000, d: 3, law }), 36.935086271, 1e-9);
    close(theory.expectedExtremePoints({ n: 1000, d: 8, law }), 515.22463, 1e-7);
    close(theory.expectedExtremePoints({ n: 1e4, d: 10, law }), 3531.7204, 1e-7);
  });
  test("first direction", () => {
    const values: [number, number, number][] = [
      [5, 1e4, 0.015247],
      [10, 1e4, 0.156686],
      [20, 1e4, 0.768608],
      [30, 1e4, 0.981497],
      [50, 1e4, 0.999977],
      [20, 1000, 0.93452],
    ];
    for (const [d, n, expected] of values) {
      expect(Math.abs(theory.firstDirectionRejection({ n, d }) - expected)).toBeLessThan(6e-7);
    }
  });
  test("binomials of large numbers", () => {
    close(logBinomial(1e12, 3), Math.log(1e12 / 6) + 2 * Math.log(1e12), 1e-11);
    close(logBinomial(5000, 2500), logBinomial(4999, 2499) + Math.LN2, 1e-13);
  });
});

describe("sample sizes", () => {
  const n50 = (d: number, law: theory.Law) => theory.sampleSizeForProbability({ d, law, probability: 0.5 });
  test("half of the Gaussian samples are inside", () => {
    expect([2, 3, 4, 5, 6, 7, 8, 9, 10].map((d) => n50(d, "gaussian"))).toEqual([
      11, 27, 63, 135, 278, 555, 1084, 2080, 3934,
    ]);
    close(n50(20, "gaussian"), 1.488e6, 4e-4);
    close(n50(30, "gaussian"), 3.899e8, 4e-4);
    close(n50(40, "gaussian"), 8.72e10, 1e-3);
    close(n50(60, "gaussian"), 3.449e15, 4e-4);
  });
  test("half of the ball samples are inside", () => {
    expect([2, 3, 4, 5, 6].map((d) => n50(d, "ball"))).toEqual([14, 55, 226, 967, 4327]);
    expect(n50(8, "ball")).toBe(98_177);
    close(n50(10, "ball"), 2.59e6, 3e-3);
  });
  test("convex position is lost", () => {
    const lost = (d: number, law: theory.Law) => theory.convexPositionThreshold({ d, law });
    expect([5, 10, 20, 30, 40].map((d) => lost(d, "gaussian"))).toEqual([18, 84, 1045, 9992, 84_987]);
    close(lost(60, "gaussian"), 5.17e6, 2e-3);
    expect([5, 10, 20, 30].map((d) => lost(d, "ball"))).toEqual([26, 224, 11_408, 480_377]); // N P_in(N-1, 30) = 1.000004013 there and 0.999999236 one before, with 40 digits
    close(lost(40, "ball"), 1.869e7, 1e-3);
  });
  test("the rate as printed", () => {
    close(theory.baranyFurediRate(20), 51.2, 1e-12);
    expect(theory.ballHullProbability({ n: 51, d: 20 })).toBeLessThan(1e-12); // not near 1
  });
});

describe("arguments", () => {
  test("a fraction of a point is refused", () => {
    expect(() => theory.gaussianHullProbability({ n: 2.5, d: 2 })).toThrow(/n is 2.5; an integer >= 1/);
  });
  test("an unknown law is refused", () => {
    expect(() => theory.convexPositionThreshold({ d: 3, law: "cube" as theory.Law })).toThrow(
      /law is "cube"/,
    );
  });
});
