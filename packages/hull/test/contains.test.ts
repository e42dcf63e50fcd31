import { gaussians } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import {
  type Certificate,
  ConvexHull,
  interpolationRate,
  type Points,
  verifyCertificate,
} from "../src/index.js";

const points = (data: Float64Array | Float32Array | Uint8Array, d: number) => ({
  data,
  shape: [data.length / d, d] as [number, number],
});

async function verifyAll(
  x: Points,
  q: { data: ArrayLike<number>; shape: readonly number[] },
  c: Iterable<Certificate>,
) {
  const d = q.shape[1]!;
  let i = 0;
  for (const certificate of c) {
    const query = Array.from({ length: d }, (_, j) => q.data[i * d + j]!);
    if (certificate.kind !== "boundary") {
      const verdict = await verifyCertificate(x, query, certificate);
      expect(verdict.ok, `${i} ${certificate.kind} ${certificate.proof}: ${verdict.reason}`).toBe(true);
    }
    i++;
  }
}

describe("contains", () => {
  const goldens: [number, number, number, string][] = [
    [1000, 10, 0, "iiooo" + "i"],
    [1000, 50, 0, "oooooo"],
    [1000, 100, 0, "oooooo"],
    [10_000, 10, 2, "ooi"],
  ];
  for (const [n, d, first, expected] of goldens) {
    for (const engine of ["js", "tensor"] as const) {
      test(`verdicts on ${n} Gaussian points in R^${d}, ${engine}`, async () => {
        const x = points(gaussians(n * d, 1), d);
        const all = gaussians(10 * d, 2);
        const q = points(all.slice(first * d, (first + expected.length) * d), d);
        const hull = await ConvexHull.from(x, { engine });
        const result = await hull.contains(q);
        expect(result.status.map((s) => s[0]).join("")).toBe(expected);
        await verifyAll(x, q, result.certificates());
        expect(result.stats.engine).toBe(engine);
        for (const c of result.certificates()) expect((c as { proof: string }).proof).toBe("proven");
      });
    }
  }

  test("mixtures and the points themselves are inside, far ones outside", async () => {
    const [n, d] = [300, 8];
    const x = points(gaussians(n * d, 5), d);
    const data = new Float64Array(60 * d);
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < d; j++) {
        for (let k = 0; k < 40; k++) data[i * d + j]! += x.data[((7 * i + k) % n) * d + j]! / 40;
        data[(20 + i) * d + j] = x.data[i * d + j]!;
        data[(40 + i) * d + j] = 5 * x.data[i * d + j]!;
      }
    }
    const q = points(data, d);
    const hull = await ConvexHull.from(x);
    const result = await hull.contains(q);
    expect(result.status).toEqual([...new Array(40).fill("inside"), ...new Array(20).fill("outside")]);
    expect([...result.duplicateOf.slice(20, 40)]).toEqual(Array.from({ length: 20 }, (_, i) => i));
    await verifyAll(x, q, result.certificates());
    expect(result.rate).toMatchObject({ inside: 40, outside: 20, duplicates: 20, boundary: 0, total: 60 });
  });

  test("the same verdicts scaled, moved, rotated and embedded", async () => {
    const [n, d, m] = [400, 5, 60];
    const x = gaussians(n * d, 3);
    const q = gaussians(m * d, 4).map((v) => 1.3 * v);
    const base = (await (await ConvexHull.from(points(x, d))).contains(points(q, d))).status;
    expect(new Set(base)).toEqual(new Set(["inside", "outside"]));
    const map = gaussians(d * (d + 5), 9);
    const embed = (rows: Float64Array) => {
      const out = new Float64Array((rows.length / d) * (d + 5));
      for (let i = 0; i < rows.length / d; i++) {
        for (let j = 0; j < d + 5; j++) {
          for (let k = 0; k < d; k++) out[i * (d + 5) + j]! += rows[i * d + k]! * map[k * (d + 5) + j]!;
        }
      }
      return out;
    };
    const variants: [string, number, (v: Float64Array) => Float64Array][] = [
      ["large", d, (v) => v.map((a) => a * 1e8)],
      ["small", d, (v) => v.map((a) => a * 1e-8)],
      ["huge", d, (v) => v.map((a) => a * 1e150)],
      ["moved", d, (v) => v.map((a) => a + 1e6)],
      ["skewed", d, (v) => v.map((a, i) => a * [1, 1e3, 1e-3, 1e6, 1][i % d]!)],
      ["embedded", d + 5, embed],
    ];
    for (const [name, dim, change] of variants) {
      const hull = await ConvexHull.from(points(change(x), dim));
      const result = await hull.contains(points(change(q), dim));
      expect(result.status, name).toEqual(base);
      await verifyAll(points(change(x), dim), points(change(q), dim), result.certificates());
      expect(hull.affineDim, name).toBe(d);
    }
  });

  test("tensors give the verdicts of arrays, are left alone, and nothing leaks", async () => {
    const [n, d, m] = [3000, 40, 50];
    const x = Float32Array.from(gaussians(n * d, 1));
    const q = Float32Array.from(gaussians(m * d, 2));
    const xt = tf.tensor2d(x, [n, d]);
    const qt = tf.tensor2d(q, [m, d]);
    const before = tf.memory().numTensors;
    const rate = await interpolationRate(xt, qt, { engine: "tensor" });
    expect(tf.memory().numTensors).toBe(before);
    expect(rate).toEqual(await interpolationRate(points(x, d), points(q, d), { engine: "js" }));
    expect(xt.isDisposed).toBe(false);
  });

  test("degenerate hulls", async () => {
    const one = await ConvexHull.from(points(Float64Array.of(1, 2), 2));
    expect((await one.contains(points(Float64Array.of(1, 2, 1, 2.5), 2))).status).toEqual([
      "inside",
      "outside",
    ]);
    expect(one.affineDim).toBe(0);
    const same = await ConvexHull.from(points(Float64Array.of(3, 3, 3, 3), 1));
    expect((await same.contains(points(Float64Array.of(3, 4), 1))).status).toEqual(["inside", "outside"]);
    const few = await ConvexHull.from(points(gaussians(4 * 10, 1), 10));
    expect(few.affineDim).toBe(3);
    expect((await few.contains(points(gaussians(10, 7), 10))).status).toEqual(["outside"]);
    const segment = await ConvexHull.from(points(Float64Array.of(0, 0, 2, 2, 1, 1), 2));
    const result = await segment.contains(points(Float64Array.of(0.5, 0.5, 0.5, 0.75), 2));
    expect(result.status).toEqual(["inside", "outside"]);
  });
});

describe("planted boundary", () => {
  // Facets of the cross-polytope, the cube and a simplex, shrunk and grown about the origin.
  test("points beside a facet are never told wrong, and are told from 1e-10 on", async () => {
    for (const d of [3, 6, 10]) {
      const cross = new Float64Array(2 * d * d);
      for (let j = 0; j < d; j++) {
        cross[2 * j * d + j] = 1;
        cross[(2 * j + 1) * d + j] = -1;
      }
      const hull = await ConvexHull.from(points(cross, d));
      for (const epsilon of [1e-5, 1e-8, 1e-10, 1e-11, 1e-12]) {
        for (const side of [-1, 1]) {
          const signs = gaussians(d, 31 + d).map(Math.sign);
          const q = signs.map((s) => (s / d) * (1 + side * epsilon));
          const { status } = await hull.contains(points(q, d));
          const expected = side < 0 ? "inside" : "outside";
          if (epsilon >= 1e-10) expect(status[0], `${d} ${epsilon}`).toBe(expected);
          else expect([expected, "boundary"]).toContain(status[0]);
        }
      }
    }
  });
  test("exact arithmetic decides on the facet itself", async () => {
    const d = 4;
    const cross = new Float64Array(2 * d * d);
    for (let j = 0; j < d; j++) {
      cross[2 * j * d + j] = 3;
      cross[(2 * j + 1) * d + j] = -3;
    }
    const x = points(cross, d);
    const q = points(Float64Array.of(0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75 + 2 ** -50), d);
    const hull = await ConvexHull.from(x);
    const result = await hull.contains(q, { exact: true });
    expect(result.status).toEqual(["inside", "outside"]);
    await verifyAll(x, q, result.certificates());
  });
});

describe("certificates", () => {
  test("what has been changed is refused", async () => {
    const [n, d] = [500, 6];
    const x = points(gaussians(n * d, 1), d);
    const q = points(gaussians(20 * d, 2), d);
    const hull = await ConvexHull.from(x);
    const result = await hull.contains(q);
    let seen = 0;
    for (let i = 0; i < 20; i++) {
      const c = result.certificate(i);
      const query = q.data.slice(i * d, (i + 1) * d);
      const isOk = async (changed: Certificate) => (await verifyCertificate(x, query, changed)).ok;
      expect(await isOk(c)).toBe(true);
      if (c.kind === "inside") {
        seen |= 1;
        const other = c.index.slice();
        other[0] = (other[0]! + 1) % n;
        expect(await isOk({ ...c, index: other })).toBe(false);
        const weight = c.weight.slice();
        weight[0] = weight[0]! + 1e-3;
        weight[1] = weight[1]! - 1e-3;
        expect(await isOk({ ...c, weight })).toBe(false);
        expect(await isOk({ ...c, weight: c.weight.map((w) => w * 1.01) })).toBe(false);
      } else if (c.kind === "outside") {
        seen |= 2;
        expect(await isOk({ ...c, normal: c.normal.map((v) => -v) })).toBe(false);
        expect(await isOk({ ...c, offset: c.offset + 1e-3 })).toBe(false);
        expect(await isOk({ ...c, offset: c.offset - 1e-3 })).toBe(false);
        expect(await isOk({ ...c, margin: 2 * c.margin })).toBe(false);
        const inside = x.data.slice(0, d);
        expect((await verifyCertificate(x, inside, c)).ok).toBe(false);
      }
    }
    expect(seen).toBe(3);
  });
});

describe("errors", () => {
  const x = points(gaussians(50, 1), 5);
  test("name the argument and both sizes", async () => {
    const hull = await ConvexHull.from(x);
    await expect(hull.contains(points(gaussians(6, 1), 3))).rejects.toThrow(
      "ConvexHull.contains: queries have 3 columns but the hull lives in R^5",
    );
    await expect(ConvexHull.from({ data: new Float64Array(0), shape: [0, 3] })).rejects.toThrow(
      "points must have at least one row",
    );
    const bad = gaussians(100, 1);
    bad[5 * 17 + 3] = Number.NaN;
    await expect(ConvexHull.from(points(bad, 5))).rejects.toThrow("points[17, 3] is NaN");
    await expect(ConvexHull.from(tf.zeros([2, 2, 2]) as never)).rejects.toThrow(
      "points must be numeric [N, d], got rank 3 float32",
    );
    await expect(hull.contains(x, { tolerance: -1 })).rejects.toThrow(
      "tolerance must be > 0 and < 1, got -1",
    );
    const small = await ConvexHull.from(x, { memoryBudget: 1000 });
    await expect(small.contains(x)).rejects.toThrow(/working sets need .* GB, memoryBudget is .* GB/);
    hull.dispose();
    await expect(hull.contains(x)).rejects.toThrow("the hull has been disposed");
  });
  test("an abort rejects with its reason", async () => {
    const hull = await ConvexHull.from(x);
    await expect(hull.contains(x, { signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
  });
});
