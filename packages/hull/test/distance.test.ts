import { Generator } from "@lab/core/random";
import { gaussians } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { gaussian, hypercubeVertices } from "../src/datasets/index.js";
import { ConvexHull } from "../src/index.js";
import { expectedExtremePoints, firstDirectionRejection } from "../src/theory/index.js";

const points = (data: Float64Array, d: number) => ({ data, shape: [data.length / d, d] as [number, number] });
const identity = (d: number, value: number) =>
  Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? value : 0));
const crossPolytope = (d: number) => points(Float64Array.of(...identity(d, 1), ...identity(d, -1)), d);

describe("distance", () => {
  const goldens: [number, number, number, number[]][] = [
    [1000, 10, 0, [0, 0, 1.1925734411, 2.3221998111, 0.2977038833, 0]],
    [1000, 50, 0, [5.6269371088, 3.9840929941, 4.6192830392, 6.0372461596, 5.2133224073, 4.4265879008]],
    [1000, 100, 0, [7.7047754029, 8.8944203683, 8.0966659992, 7.3061340037, 6.5066742719, 8.2713814401]],
    [10_000, 10, 2, [0.7818741908, 1.9619928418, 0]],
    [10_000, 50, 2, [3.8711548146, 5.5389467999, 4.7198416577]],
  ];
  for (const [n, d, first, expected] of goldens) {
    test(`of ${n} Gaussian points in R^${d}`, async () => {
      const hull = await ConvexHull.from(points(gaussians(n * d, 1), d));
      const q = gaussians(10 * d, 2).slice(first * d, (first + expected.length) * d);
      const result = await hull.distance(points(q, d));
      for (const [i, value] of expected.entries()) {
        if (value === 0) expect(result.distance[i]).toBe(0);
        else expect(Math.abs(result.distance[i]! / value - 1)).toBeLessThan(1e-9);
        expect(result.lower[i]!).toBeLessThanOrEqual(result.distance[i]! * (1 + 1e-12));
        expect(result.lower[i]!).toBeGreaterThanOrEqual(result.distance[i]! * (1 - 1e-9));
      }
    });
  }

  test("closed forms", async () => {
    const simplex = await ConvexHull.from(points(identity(3, 1), 3));
    const half = await simplex.distance(points(Float64Array.of(0.5, 0.5, 0.5), 3));
    expect(half.distance[0]).toBeCloseTo(Math.sqrt(3) / 6, 14);
    for (const w of half.support(0).weight) expect(w).toBeCloseTo(1 / 3, 13);
    const cross = await ConvexHull.from(crossPolytope(3));
    const result = await cross.distance(points(Float64Array.of(1, 1, 1, 1, 0.5, 0), 3));
    expect(result.distance[0]).toBeCloseTo(2 / Math.sqrt(3), 14);
    expect(result.distance[1]).toBeCloseTo(0.3535533906, 10);
    const projected = result.projectionHost();
    [1 / 3, 1 / 3, 1 / 3, 0.75, 0.25, 0].forEach((v, i) => {
      expect(projected[i]).toBeCloseTo(v, 13);
    });
    const tensor = result.projection();
    expect(tensor.shape).toEqual([2, 3]);
    tensor.dispose();
    const cube = await ConvexHull.from(hypercubeVertices(4));
    const q = gaussians(20 * 4, 5).map((v) => 2 * v);
    const distances = (await cube.distance(points(q, 4))).distance;
    for (let i = 0; i < 20; i++) {
      let squared = 0;
      for (let j = 0; j < 4; j++) squared += Math.max(0, Math.abs(q[i * 4 + j]!) - 1) ** 2;
      expect(distances[i]!).toBeCloseTo(Math.sqrt(squared), 12);
    }
  });

  test("the Mahalanobis distance does not see a linear map", async () => {
    const [n, d] = [500, 4];
    const x = gaussians(n * d, 1);
    const q = gaussians(8 * d, 2).map((v) => 3 * v);
    const scale = [1, 100, 0.01, 5];
    const change = (v: Float64Array) => v.map((a, i) => a * scale[i % d]! + 3);
    const options = { metric: "mahalanobis" } as const;
    const plain = await (await ConvexHull.from(points(x, d), { ridge: 0 })).distance(points(q, d), options);
    const moved = await (await ConvexHull.from(points(change(x), d), { ridge: 0 })).distance(
      points(change(q), d),
      options,
    );
    plain.distance.forEach((v, i) => {
      expect(moved.distance[i]!).toBeCloseTo(v, 6);
    });
    expect(Math.max(...plain.distance)).toBeGreaterThan(0.5);
  });
});

describe("gauge", () => {
  const goldens: [number, number[]][] = [
    [
      5,
      [
        0.575762446, 0.462729255, 0.504418714, 0.393948015, 1.153805324, 0.584090926, 1.108759214,
        1.275779079, 0.859001989, 0.279627712,
      ],
    ],
    [
      10,
      [
        0.843405348, 0.703280546, 1.401876677, 1.656066231, 1.073649957, 0.591195282, 1.244437144, 0.64516685,
        1.106916228, 0.957836603,
      ],
    ],
  ];
  for (const [d, expected] of goldens) {
    test(`about 0 of 2000 Gaussian points in R^${d}`, async () => {
      const hull = await ConvexHull.from(points(gaussians(2000 * d, 1), d));
      const q = points(gaussians(10 * d, 2), d);
      const { gauge, calls } = await hull.gauge(q, { center: new Float64Array(d) });
      expected.forEach((value, i) => {
        expect(Math.abs(gauge[i]! - value)).toBeLessThan(1.01e-9);
      });
      expect(Math.max(...calls)).toBeLessThan(12);
    });
  }
  test("closed forms", async () => {
    const q = gaussians(10 * 4, 8);
    const cross = await (await ConvexHull.from(crossPolytope(4))).gauge(points(q, 4));
    const cube = await (await ConvexHull.from(hypercubeVertices(4))).gauge(points(q, 4));
    for (let i = 0; i < 10; i++) {
      const row = Array.from(q.subarray(4 * i, 4 * i + 4), Math.abs);
      expect(cross.gauge[i]!).toBeCloseTo(
        row.reduce((a, b) => a + b),
        10,
      );
      expect(cube.gauge[i]!).toBeCloseTo(Math.max(...row), 10);
    }
  });
  test("the centre itself has gauge 0, a centre outside no upper bound", async () => {
    const hull = await ConvexHull.from(crossPolytope(3));
    const q = points(Float64Array.of(0, 0, 0, 0.1, 0.2, 0.1), 3);
    expect((await hull.gauge(q, { center: [0, 0, 0] })).gauge[0]).toBe(0);
    expect((await hull.gauge(q, { center: [5, 0, 0] })).upper[1]).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("extreme points", () => {
  test("vertices of the cube, projected: 2 Σ C(d-1, i)", async () => {
    const counts: [number, number, number][] = [
      [8, 2, 16],
      [8, 3, 58],
      [8, 4, 128],
      [12, 2, 24],
      [12, 3, 134],
      [12, 4, 464],
    ];
    for (const [d, k, expected] of counts) {
      const map = gaussians(d * k, 7);
      const vertices = hypercubeVertices(d);
      const n = vertices.shape[0];
      const data = new Float64Array(n * k);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < d; j++) {
          for (let c = 0; c < k; c++) data[i * k + c]! += vertices.data[i * d + j]! * map[j * k + c]!;
        }
      }
      const hull = await ConvexHull.from(points(data, k));
      expect((await hull.extremePoints()).length, `d ${d} k ${k}`).toBe(expected);
    }
  });
  test("their number agrees with theory over 20 seeds", async () => {
    const [n, d] = [300, 4];
    const counts = [];
    for (let seed = 0; seed < 20; seed++) {
      const hull = await ConvexHull.from(gaussian({ n, d, generator: new Generator(seed) }));
      counts.push((await hull.extremePoints()).length);
    }
    const mean = counts.reduce((a, b) => a + b) / 20;
    const variance = counts.reduce((sum, c) => sum + (c - mean) ** 2, 0) / 19;
    const expected = expectedExtremePoints({ n, d, law: "gaussian" });
    expect(Math.abs(mean - expected)).toBeLessThan(4 * Math.sqrt(variance / 20));
  });
  test("layers of nested squares, copies included", async () => {
    const square = [-1, -1, 1, -1, -1, 1, 1, 1];
    const data = Float64Array.of(
      ...square.map((v) => 3 * v),
      ...square.map((v) => 2 * v),
      ...square,
      3,
      3,
      0,
      0,
    );
    const hull = await ConvexHull.from(points(data, 2));
    expect([...(await hull.depth())]).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 1, 4]);
    expect([...(await hull.depth({ maxLayers: 1 }))].filter((v) => v === 0)).toHaveLength(9);
    expect([...(await hull.extremePoints())]).toEqual([0, 1, 2, 3]);
  });
});

describe("support, append, state", () => {
  test("the support function in double precision", async () => {
    const hull = await ConvexHull.from(hypercubeVertices(3));
    const w = tf.tensor2d([1, -2, 0.5, 0, 0, 1], [2, 3]);
    const { value, index } = await hull.support(w);
    expect([...value]).toEqual([3.5, 1]);
    expect(index[1]).toBe(4);
    w.dispose();
  });
  test("appending rows never turns inside to outside", async () => {
    const d = 3;
    const q = points(gaussians(60 * d, 2), d);
    const hull = await ConvexHull.from(points(gaussians(40 * d, 1), d));
    const before = (await hull.contains(q)).inside;
    await hull.append(points(gaussians(200 * d, 3), d));
    expect(hull.count).toBe(240);
    const after = (await hull.contains(q)).inside;
    before.forEach((inside, i) => {
      expect(after[i]!).toBeGreaterThanOrEqual(inside);
    });
    expect(after.reduce((a, b) => a + b, 0)).toBeGreaterThan(before.reduce((a, b) => a + b, 0));
  });
  test("a hull from its state gives the same verdicts, other points are refused", async () => {
    const d = 6;
    const x = points(gaussians(300 * d, 1), d);
    const q = points(gaussians(20 * d, 2), d);
    const hull = await ConvexHull.from(x);
    const state = JSON.parse(JSON.stringify(hull.toJSON()));
    const again = await ConvexHull.fromJSON(state, x);
    expect([...(await again.contains(q)).certificates()]).toEqual([
      ...(await hull.contains(q)).certificates(),
    ]);
    await expect(ConvexHull.fromJSON(state, points(gaussians(300 * d, 9), d))).rejects.toThrow(
      "state belongs to other data",
    );
  });
});

test("the share rejected by the first direction is that of theory", async () => {
  const [n, d, m] = [1000, 12, 150];
  const shares: number[] = [];
  for (let seed = 0; seed < 12; seed++) {
    const generator = new Generator(seed).split("share");
    const hull = await ConvexHull.from(gaussian({ n, d, generator }), {
      faces: false,
      ridge: 0,
      engine: "js",
    });
    const { stats } = await hull.contains(gaussian({ n: m, d, generator }));
    shares.push(stats.decidedAtStage[1]! / m);
  }
  const mean = shares.reduce((a, b) => a + b) / shares.length;
  const error = Math.sqrt(shares.reduce((s, v) => s + (v - mean) ** 2, 0) / 11 / 12);
  // The estimated covariance costs a little against the true one.
  expect(Math.abs(mean - firstDirectionRejection({ n, d }))).toBeLessThan(4 * error + 0.01);
});
