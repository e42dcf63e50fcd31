import type { ExperimentContext } from "@lab/core/experiment";
import { Generator } from "@lab/core/random";
import { expect, test } from "vitest";
import { experiments } from "../src/experiments/index.js";

test("predicted and observed errors of a sampled mean agree", async () => {
  const [samples] = experiments;
  if (!samples) throw new Error("no experiment");
  const result = await samples.run({
    params: { images: 2, repeats: 20, samples: 16, reach: 2 },
    seed: 0,
    generator: new Generator(0),
    data: { dir: undefined },
    signal: new AbortController().signal,
    onProgress: () => {},
  } as unknown as ExperimentContext<unknown>);
  const { table, figures } = samples.summarise([{ seed: 0, result }], "quick");
  expect(table).toHaveLength(2);
  expect(figures).toHaveLength(1);
  for (const row of table) {
    const ratio = (row["observed error"] as number) / (row["predicted error"] as number);
    expect(ratio).toBeGreaterThan(0.75);
    expect(ratio).toBeLessThan(1.25);
  }
});
