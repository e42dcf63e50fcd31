import { expect, test } from "vitest";
import { compareSmallCases } from "./small-cases.js";

test("5000 small cases against a rational solver, in exact arithmetic: none wrong, hardly any open", async () => {
  const { inside, outside, boundary } = await compareSmallCases(1000, 6000, true);
  expect(inside + outside + boundary).toBe(15_000);
  // A query an ulp outside may have no separating normal in doubles: then nothing can be written down as a proof.
  expect(boundary).toBeLessThan(10);
  expect(Math.min(inside, outside)).toBeGreaterThan(4000);
});

test("the same by default: none wrong, open only where rounding decides", async () => {
  const { inside, outside, boundary } = await compareSmallCases(1000, 6000, "auto");
  expect(inside + outside + boundary).toBe(15_000);
  expect(boundary).toBeLessThan(2000);
});
