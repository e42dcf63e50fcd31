import { expect, test } from "vitest";
import { choleskyHost } from "../../src/linalg/index.js";
import { distance, multiply, norm, spectra, transpose, withSpectrum } from "./matrices.js";
import { bound, checkEigh, checkSvd } from "./residuals.js";

// The families of host.test.ts at the orders that take long.
const cases = Object.keys(spectra).flatMap((name) => [256, 512].map((n) => [name, n] as const));

test.each(cases)("a %s spectrum of order %i has small residuals", (name, n) => {
  const wanted = spectra[name]!(n);
  const a = withSpectrum(wanted, n);
  const ascending = wanted.slice().sort();
  const off = (values: Float64Array, expected: Float64Array) => norm(values.map((x, i) => x - expected[i]!));
  expect(off(checkEigh(a, n), ascending)).toBeLessThan(bound(n) * norm(wanted));
  expect(off(checkSvd(a, n, n), ascending.slice().reverse())).toBeLessThan(bound(n) * norm(wanted));
  if (name === "singular") return;
  const l = choleskyHost(a, n);
  expect(distance(a, multiply(l, transpose(l, n, n), n, n, n))).toBeLessThan(bound(n));
});
