import { readFileSync } from "node:fs";
import { device } from "@lab/core";
import { findData, optdigits } from "@lab/core/data";
import { Generator } from "@lab/core/random";
import { describe, expect, test } from "vitest";
import { hullFull } from "../src/experiments/hull-full.js";
import { hullPixels } from "../src/experiments/hull-pixels.js";
import { ConvexHull, interpolationRate, pca, verifyCertificate } from "../src/index.js";

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

test("2000 degenerate instances: verified, or honestly open", async () => {
  let inside = 0;
  let outside = 0;
  for (let seed = 0; seed < 2000; seed++) {
    const generator = new Generator(seed).split("slow");
    const pick = (low: number, high: number) => low + Math.floor(generator.float64(1)[0]! * (high - low + 1));
    const d = pick(1, seed % 10 === 0 ? 30 : 10);
    const n = pick(1, seed % 20 === 0 ? 500 : 80);
    const levels = [1, 2, 64][seed % 3]!;
    const data = generator.normal64((n + 2) * d).map((v) => Math.round(levels * v) / levels);
    if (seed % 5 === 0) for (let i = d - 1; i < data.length; i += d) data[i] = data[i - d + 1]!;
    if (seed % 7 === 0) for (let i = d; i < n * d; i += 2 * d) data.copyWithin(i, 0, d);
    for (let j = 0; j < d; j++) data[n * d + j] = (data[j]! + data[(n - 1) * d + j]!) / 2;
    const x = { data: data.slice(0, n * d), shape: [n, d] as [number, number] };
    const q = data.slice(n * d);
    const hull = await ConvexHull.from(x);
    const result = await hull.contains({ data: q, shape: [2, d] }, { exact: true });
    for (let i = 0; i < 2; i++) {
      const verdict = await verifyCertificate(x, q.slice(i * d, (i + 1) * d), result.certificate(i));
      expect(verdict.ok, `seed ${seed} n ${n} d ${d}: ${result.status[i]} ${verdict.reason}`).toBe(true);
    }
    inside += result.rate.inside;
    outside += result.rate.outside;
  }
  expect(inside).toBeGreaterThan(1500);
  expect(outside).toBeGreaterThan(1000);
});
