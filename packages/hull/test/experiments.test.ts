import { device } from "@lab/core";
import { Generator } from "@lab/core/random";
import { describe, expect, test } from "vitest";
import { hullPixels } from "../src/experiments/hull-pixels.js";

const context = (params: unknown) => ({
  params: params as never,
  seed: 1,
  generator: new Generator(1),
  device: device(),
  data: { dir: "/nowhere" },
  store: "",
  runner: "inline" as const,
  signal: new AbortController().signal,
  onProgress: () => {},
});

describe("hull-pixels", () => {
  test("membership collapses on pictures, with every verdict proven", async () => {
    const result = await hullPixels.run(
      context({ numTrain: 1500, numTest: 100, sides: [2, 4, 8, 28], verifyEvery: 5 }),
    );
    const shares = result.rows.map(({ inside }) => inside);
    expect(shares[0]).toBeGreaterThan(90);
    expect(shares.at(-1)).toBe(0);
    expect(result.rows.every(({ undecided, refused }) => undecided === 0 && refused === 0)).toBe(true);
    const summary = hullPixels.summarise([{ seed: 1, result }], "quick");
    expect(summary.verdict).toBe("reproduced");
    expect(summary.table).toHaveLength(4);
    const rising = { ...result, rows: [...result.rows.slice(1), { ...result.rows[0]!, dimension: 900 }] };
    expect(hullPixels.summarise([{ seed: 1, result: rising }], "quick").verdict).toBe("failed");
  });
});
