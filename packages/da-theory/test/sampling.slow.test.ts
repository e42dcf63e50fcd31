import { expect, test } from "vitest";
import { allTransforms } from "./all-transforms.js";
import { sampledDeviations } from "./sampled-moments.js";

test.each(allTransforms)("200 000 sampled images have the moments: %s", async (_, t) => {
  const { ofMean, ofVariance } = await sampledDeviations(t, 200_000, { tolerance: 2e-5, maxNodes: 32_768 });
  expect(ofMean).toBeLessThan(5);
  expect(ofVariance).toBeLessThan(5);
});
