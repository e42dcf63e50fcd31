import { expect, test } from "vitest";
import { runExperiment } from "./run-experiment.js";

test.each([0, 1, 2])("seed %i: the small image model beats copying the last frame", async (seed) => {
  const { runs } = await runExperiment("ppuu/image-small", "full", [seed]);
  const { errors } = runs[0]!.result as { errors: Record<string, number[]> };
  const mean = (name: string) => errors[name]!.reduce((sum, value) => sum + value, 0) / errors[name]!.length;
  const copy = mean("copy of the last frame");
  expect(mean("deterministic")).toBeLessThanOrEqual(0.92 * copy);
  expect(mean("stochastic, latent drawn")).toBeLessThan(copy);
});
