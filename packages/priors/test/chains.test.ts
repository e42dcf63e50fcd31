import { Generator } from "@lab/core/random";
import { expect, test } from "vitest";
import { acceptanceFreeStationarity, effectiveSampleSize, rHat } from "../src/index.js";

/** An autoregressive chain x ← φx + noise; its effective size is n(1 − φ)/(1 + φ). */
function autoregressive(phi: number, count: number, seed: number): Float64Array {
  const noise = new Generator(seed).normal64(count);
  for (let i = 1; i < count; i++) noise[i]! += phi * noise[i - 1]!;
  return noise;
}

test.each([0, 0.5, 0.9])(
  "the effective size of an autoregressive chain with φ = %d is the known one",
  (phi) => {
    const count = 20_000;
    const expected = (count * (1 - phi)) / (1 + phi);
    expect(Math.abs(effectiveSampleSize(autoregressive(phi, count, 3)) / expected - 1)).toBeLessThan(0.15);
  },
);

test("a constant chain is worth one draw", () => {
  expect(effectiveSampleSize([2, 2, 2, 2, 2])).toBe(1);
});

test("chains of one distribution agree, shifted ones do not", () => {
  const chains = [1, 2, 3].map((seed) => autoregressive(0.3, 2000, seed));
  expect(rHat(chains)).toBeLessThan(1.02);
  expect(rHat([chains[0]!, chains[1]!.map((v) => v + 3)])).toBeGreaterThan(1.5);
  expect(rHat([Float64Array.from({ length: 100 }, (_, i) => i)])).toBeGreaterThan(1.5); // a trend within one chain
});

test("a drifting chain is not stationary, a settled one is", () => {
  const settled = autoregressive(0.5, 4000, 4);
  expect(acceptanceFreeStationarity(settled).isStationary).toBe(true);
  expect(acceptanceFreeStationarity(settled.map((v, i) => v + i / 500)).isStationary).toBe(false);
});

test("short chains are refused with their length", () => {
  expect(() => effectiveSampleSize([1, 2])).toThrow(
    "effectiveSampleSize: chain holds 2 draws; at least 4 were expected",
  );
  expect(() =>
    rHat([
      [1, 2, 3, 4],
      [1, 2, 3],
    ]),
  ).toThrow("chains[1] holds 3 draws");
  expect(() => rHat([])).toThrow("chains is empty");
});
