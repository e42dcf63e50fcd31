import { expect, test } from "vitest";
import {
  adjustPValues,
  clopperPearson,
  mcnemar,
  pairedTTest,
  runsNeeded,
  signFlipTest,
  welchTest,
} from "../src/index.js";

test.each([
  [0, 20, 0, 0.168433],
  [7, 20, 0.153909, 0.592189],
  [46, 50, 0.807657, 0.977772],
  [50, 50, 0.928878, 1],
  [1, 1000, 0.000025, 0.005559],
])("Clopper-Pearson of %i/%i", (k, n, low, high) => {
  const [a, b] = clopperPearson(k, n);
  expect(a).toBeCloseTo(low, 6);
  expect(b).toBeCloseTo(high, 6);
});

test("McNemar, exact and mid-p", () => {
  expect(mcnemar(5, 17)).toBeCloseTo(0.016901, 6);
  expect(mcnemar(5, 17, { midP: true })).toBeCloseTo(0.010622, 6);
  expect(mcnemar(0, 6)).toBeCloseTo(0.03125, 10);
  expect(mcnemar(0, 0)).toBe(1);
});

test("adjusted p values", () => {
  const p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216];
  const holm = [0.01, 0.072, 0.312, 0.312, 0.312, 0.312, 0.312, 0.615, 0.615, 0.615];
  // The sixth is .06 * 5 = .3 and the seventh .074 * 4 = .296, so both stay at .312.
  adjustPValues(p, "holm").forEach((v, i) => {
    expect(v).toBeCloseTo(holm[i] as number, 6);
  });
  const bh = [0.01, 0.04, 0.084, 0.084, 0.084, 0.1, 0.105714, 0.216, 0.216, 0.216];
  adjustPValues(p, "bh").forEach((v, i) => {
    expect(v).toBeCloseTo(bh[i] as number, 6);
  });
  expect(adjustPValues(p, "by")[0]).toBeCloseTo(0.02929, 6);
});

test("tests of runs", () => {
  const d = [-0.07, -0.04, -0.1, -0.05, -0.09];
  expect(signFlipTest(d).p).toBe(0.0625);
  expect(pairedTTest(d).statistic).toBeCloseTo(-6.139406, 6);
  expect(pairedTTest(d).p).toBeCloseTo(0.003569, 6);
  const w = welchTest([0.8, 0.82, 0.81, 0.79, 0.83], [0.76, 0.77, 0.79, 0.75, 0.78]);
  expect(w.statistic).toBeCloseTo(4, 6);
  expect(w.p).toBeCloseTo(0.00395, 6);
  const h = signFlipTest([
    [0.02, -0.05, 0.04],
    [0.01, -0.06, 0.05],
    [0.03, -0.04, 0.04],
    [0.02, -0.07, 0.06],
    [0.01, -0.05, 0.05],
    [0.02, -0.06, 0.03],
  ]);
  expect(h.statistic).toBeCloseTo(0.00536296, 8);
  expect(h.p).toBe(0.03125);
  expect(runsNeeded({ effect: 0.05, runSd: 0.03, numClasses: 10 })).toBe(12);
  expect(runsNeeded({ effect: 0.02, runSd: 0.01, numClasses: 100, power: 0.9 })).toBe(15);
});
