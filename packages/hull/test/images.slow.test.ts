import { readFileSync } from "node:fs";
import { device } from "@lab/core";
import { findData, optdigits } from "@lab/core/data";
import { Generator } from "@lab/core/random";
import { describe, expect, test } from "vitest";
import { hullFull } from "../src/experiments/hull-full.js";
import { hullPixels } from "../src/experiments/hull-pixels.js";
import { interpolationRate, pca } from "../src/index.js";

const hasDigits = (await findData("optdigits")) !== null;
const hasMnist = (await findData("mnist")) !== null;
const context = (params: unknown) => ({
  params: params as never,
  seed: 1,
  generator: new Generator(1),
  device: device(),
  data: { dir: undefined },
  store: "",
  runner: "inline" as const,
  signal: new AbortController().signal,
  onProgress: () => {},
});

describe.skipIf(!hasDigits)("UCI digits (needs LAB_DATA_DIR)", () => {
  test("counts of every subspace are exact", async () => {
    const url = new URL("reference/optdigits-split.json", import.meta.url);
    const order = JSON.parse(readFileSync(url, "utf8")) as number[];
    const set = await optdigits();
    const rows = (part: number[]) => {
      const { x } = set.select(part).arrays();
      return {
        data: Uint8Array.from(x, (v) => Math.round(16 * v)),
        shape: [part.length, 64] as [number, number],
      };
    };
    const train = rows(order.slice(0, 1500));
    const probe = rows(order.slice(1500));
    expect((await interpolationRate(train, probe)).inside).toBe(0);
    const float = (p: typeof train) => ({ data: Float64Array.from(p.data), shape: p.shape });
    const expected: [number, number][] = [
      [2, 296],
      [4, 254],
      [6, 162],
      [8, 62],
      [10, 14],
      [12, 0],
    ];
    for (const [components, inside] of expected) {
      const map = await pca(train, { components });
      const rate = await interpolationRate(map.apply(float(train)), map.apply(float(probe)));
      expect([components, rate.inside, rate.boundary]).toEqual([components, inside, 0]);
    }
  });
});

describe.skipIf(!hasMnist)("MNIST (needs LAB_DATA_DIR)", () => {
  test("crops give the exact counts and every certificate verifies", async () => {
    const params = { ...hullPixels.params("quick"), sides: [2, 3, 4, 5, 6, 7, 8, 10], verifyEvery: 1 };
    const result = await hullPixels.run(context(params));
    expect(result.rows.map(({ inside }) => inside)).toEqual([993, 795, 319, 174, 74, 22, 16, 0]);
    expect(result.rows.map(({ duplicates }) => duplicates)).toEqual([496, 293, 136, 82, 41, 13, 9, 0]);
    for (const row of result.rows) {
      expect(row).toMatchObject({ undecided: 0, refused: 0, verified: 1000 });
    }
  });
  test("components and means give the counts within two queries", async () => {
    const result = await hullFull.run(context(hullFull.params("quick")));
    expect(hullFull.summarise([{ seed: 1, result }], "quick").verdict).toBe("reproduced");
  });
});
