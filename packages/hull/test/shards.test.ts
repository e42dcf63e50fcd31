import { gaussians } from "@lab/core/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromPlain, toPlain } from "../src/distributed/plain.js";
import { ConvexHull, packCertificate } from "../src/index.js";
import type { RowRequest } from "../src/passes/requests.js";
import { type PassInput, type PassName, passOver } from "../src/passes/row-passes.js";
import { ShardLedger } from "../src/passes/shard-ledger.js";
import { openPoints } from "../src/points/points.js";
import { Pauses } from "../src/run/pauses.js";

const [n, d, count] = [97, 5, 6];
// Whole numbers: many scores are equal, and ties must go to the smaller row.
const x = gaussians(n * d, 1).map((v) => Math.round(2 * v));
const w = gaussians(count * d, 2).map((v) => Math.round(2 * v));
const queries = x.slice(7 * d, (7 + count) * d);
const rows = await openPoints("test", "points", { data: x, shape: [n, d] });
const pauses = new Pauses(undefined);
const asked = Array.from(
  { length: count },
  (_, k): RowRequest => ({
    kind: k % 2 === 0 ? "price" : "scan",
    w: w.slice(k * d, (k + 1) * d),
    query: queries.slice(k * d, (k + 1) * d).map((v) => v * (k === 1 ? 9 : 1)),
    threshold: k === 0 ? Number.NEGATIVE_INFINITY : -20,
    limit: 7,
    stopAtFailure: false,
  }),
);
const inputs: { [K in PassName]?: PassInput<K> } = {
  equalRows: { queries },
  extremes: { caller: "test" },
  maxima: { center: new Float64Array(d), directions: w, count, withSimd: true },
  requests: asked,
  firstRows: {
    center: new Float64Array(d),
    directions: Float64Array.from([...w, ...queries]),
    count,
    inverse: new Float64Array(d).fill(1),
    far: 5,
    near: 9,
    withSimd: true,
  },
};

describe("passes over shards", () => {
  for (const name of ["equalRows", "maxima", "requests", "firstRows"] as const) {
    test(`${name}: cut, sent as JSON, merged in any order and with repeats, they are the pass over all rows`, async () => {
      const input = inputs[name] as PassInput<typeof name>;
      const whole = await passOver(name, input, rows, 0, n, 1000, pauses);
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.integer({ min: 1, max: n - 1 }), { maxLength: 6 }),
          fc.integer({ min: 1, max: 40 }),
          fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
          async (cuts, chunk, order) => {
            const edges = [0, ...cuts.sort((a, b) => a - b), n];
            const ledger = new ShardLedger(name, input, "h", edges.length - 1);
            const turns = [...order.map((k) => k % (edges.length - 1)), ...ledger.missing.reverse()];
            for (const s of turns) {
              const state = await passOver(name, input, rows, edges[s]!, edges[s + 1]!, chunk, pauses);
              ledger.add(s, "h", fromPlain(JSON.parse(JSON.stringify(toPlain(state)))) as typeof state);
            }
            expect(ledger.finish()).toEqual(whole);
          },
        ),
        { seed: 3, numRuns: 20 },
      );
    });
  }

  test("a shard that answers other directions is refused, one that is missing is named", async () => {
    const input = inputs.maxima!;
    const state = await passOver("maxima", input, rows, 0, 50, 1000, pauses);
    const ledger = new ShardLedger("maxima", input, "these directions", 2);
    expect(() => ledger.add(0, "other directions", state)).toThrow(
      "shard 0 of 2 answers input other directions; the answer to these directions was expected",
    );
    expect(() => ledger.add(2, "these directions", state)).toThrow("shard 2 of 2");
    ledger.add(0, "these directions", state);
    expect(ledger.missing).toEqual([1]);
    expect(Array.from(ledger.bitmap)).toEqual([1]);
    expect(() => ledger.finish()).toThrow("1 of 2 shards have no result");
  });

  test("moments of shards, merged in their order, are those of all rows", async () => {
    const input = { center: Float64Array.of(1, 0, -1, 2, 0), active: Int32Array.of(0, 1, 3), unit: 2 };
    const whole = await passOver("moments", input, rows, 0, n, 1000, pauses);
    const ledger = new ShardLedger("moments", input, "h", 3);
    for (const s of [2, 0, 1]) {
      ledger.add(
        s,
        "h",
        await passOver("moments", input, rows, [0, 40, 60][s]!, [40, 60, n][s]!, 20, pauses),
      );
    }
    const merged = ledger.finish();
    expect(merged.squaredScale).toBe(whole.squaredScale);
    merged.sums.forEach((sum, i) => {
      expect(sum).toBeCloseTo(whole.sums[i]!, 10);
    });
    const halves = await Promise.all(
      [0, 48].map((from) =>
        passOver("extremes", inputs.extremes!, rows, from, from === 0 ? 48 : n, 16, pauses),
      ),
    );
    const extremes = new ShardLedger("extremes", inputs.extremes!, "h", 2);
    for (const [s, half] of halves.entries()) extremes.add(s, "h", half);
    const all = await passOver("extremes", inputs.extremes!, rows, 0, n, 1000, pauses);
    const { mean, ...rest } = extremes.finish();
    expect(rest).toEqual({ ...all, mean: undefined });
    mean.forEach((value, j) => {
      expect(value).toBeCloseTo(all.mean[j]!, 13);
    });
  });

  test("typed arrays and infinities survive JSON bit by bit", () => {
    const value = {
      a: Float64Array.of(-0, 1e-320, Number.NaN, Number.POSITIVE_INFINITY),
      b: [Int32Array.of(-1), Uint8Array.of(255), Number.NEGATIVE_INFINITY, null, "text"],
      c: { d: true },
    };
    const back = fromPlain(JSON.parse(JSON.stringify(toPlain(value)))) as typeof value;
    expect(back).toEqual(value);
    expect(Object.is(back.a[0], -0)).toBe(true);
  });

  test("a source gives the certificates of memory on the host", async () => {
    const memory = { data: gaussians(700 * 8, 1), shape: [700, 8] as const };
    const source = {
      shape: memory.shape,
      dtype: "float64" as const,
      chunk: async (from: number, size: number) => memory.data.subarray(from * 8, (from + size) * 8),
      rows: async (index: Int32Array) =>
        Float64Array.from([...index].flatMap((i) => [...memory.data.subarray(i * 8, (i + 1) * 8)])),
    };
    const asked = { data: gaussians(30 * 8, 2), shape: [30, 8] as const };
    const lines = async (points: typeof memory | typeof source, chunkSize: number) => {
      const hull = await ConvexHull.from(points, { engine: "simd", faces: false });
      const verdicts = await hull.contains(asked, { chunkSize });
      const distances = await hull.distance(asked, { chunkSize });
      const { gauge } = await hull.gauge(asked, { chunkSize });
      return [
        ...[...verdicts.certificates(), ...distances.certificates()].map(packCertificate),
        gauge.join(),
      ];
    };
    const expected = await lines(memory, 8192);
    for (const chunkSize of [33, 500]) expect(await lines(source, chunkSize)).toEqual(expected);
  });
});
