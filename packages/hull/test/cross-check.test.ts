import { Generator } from "@lab/core/random";
import { gaussians } from "@lab/core/testing";
import { describe, expect, test } from "vitest";
import { exactMembership } from "../src/exact/exact-membership.js";
import { ConvexHull, verifyCertificate } from "../src/index.js";
import { loadElasticSolver } from "../src/solver/elastic-lp.js";
import { isInHull } from "./rational-oracle.js";
import { compareSmallCases } from "./small-cases.js";

const points = (data: Float64Array, d: number) => ({ data, shape: [data.length / d, d] as [number, number] });

/** A random instance of one of the kinds that break solvers. */
function instance(seed: number) {
  const generator = new Generator(seed).split("instance");
  const pick = (low: number, high: number) => low + Math.floor(generator.float64(1)[0]! * (high - low + 1));
  const kind = ["gaussian", "grid", "duplicates", "collinear", "flat", "constant", "few"][seed % 7]!;
  const d = kind === "collinear" ? pick(2, 6) : pick(1, seed % 5 === 0 ? 30 : 8);
  const n = kind === "few" ? pick(1, d) : pick(1, seed % 11 === 0 ? 500 : 60);
  const m = 3;
  const all = generator.normal64((n + m) * d);
  if (kind === "grid") for (let i = 0; i < all.length; i++) all[i] = Math.round(1.5 * all[i]!);
  else for (let i = 0; i < all.length; i++) all[i] = Math.round(64 * all[i]!) / 64;
  const x = all.slice(0, n * d);
  const q = all.slice(n * d);
  for (let i = 0; i < q.length; i++) if (kind !== "grid") q[i] = Math.round(32 * q[i]!) / 64;
  if (kind === "duplicates") for (let i = d; i < x.length; i++) if (Math.floor(i / d) % 2) x[i] = x[i - d]!;
  if (kind === "collinear")
    for (const v of [x, q]) for (let i = 0; i < v.length; i++) if (i % d) v[i] = v[i - 1]! * 2;
  if (kind === "flat" && d > 1)
    for (const v of [x, q]) for (let i = d - 1; i < v.length; i += d) v[i] = v[i - d + 1]!;
  if (kind === "constant") for (const v of [x, q]) for (let i = 0; i < v.length; i += d) v[i] = 3;
  // One query is a mixture: inside, or beside by the rounding of its entries.
  for (let j = 0; j < d; j++) q[j] = (x[j]! + x[((n - 1) >> 1) * d + j]!) / 2;
  return { kind, n, d, m, x, q };
}

function exactVerdict(x: Float64Array, n: number, d: number, q: Float64Array): string {
  return exactMembership({ n, d, data: x }, q, [0]).isInside ? "inside" : "outside";
}

describe("against exact rational arithmetic", () => {
  const solvers = ["minNorm", "nnls", "lp", "pfw", "afw"] as const;
  test("70 instances of seven kinds, five solvers: never a wrong verdict, none left open", async () => {
    let inside = 0;
    for (let seed = 0; seed < 70; seed++) {
      const { kind, n, d, m, x, q } = instance(seed);
      const hull = await ConvexHull.from(points(x, d));
      const solver = solvers[seed % solvers.length]!;
      const result = await hull.contains(points(q, d), { exact: true, solver });
      for (let i = 0; i < m; i++) {
        const query = q.slice(i * d, (i + 1) * d);
        const expected = exactVerdict(x, n, d, query);
        const label = `seed ${seed} ${kind} n ${n} d ${d} query ${i} ${solver}`;
        expect(result.status[i], label).toBe(expected);
        if (expected === "inside") inside++;
        const verdict = await verifyCertificate(points(x, d), query, result.certificate(i));
        expect(verdict.ok, `${label}: ${verdict.reason}`).toBe(true);
      }
    }
    expect(inside).toBeGreaterThan(50);
  });

  test("without exact arithmetic a query may stay open but is never told wrong", async () => {
    for (let seed = 200; seed < 300; seed++) {
      const { n, d, m, x, q, kind } = instance(seed);
      const hull = await ConvexHull.from(points(x, d));
      const result = await hull.contains(points(q, d), { exact: false, fallback: "none" });
      for (let i = 0; i < m; i++) {
        const certificate = result.certificate(i);
        if (certificate.kind === "boundary") continue;
        if (certificate.kind === "inside" && certificate.proof === "numerical") continue;
        expect(certificate.kind, `seed ${seed} ${kind}`).toBe(
          exactVerdict(x, n, d, q.slice(i * d, (i + 1) * d)),
        );
      }
    }
  });
});

describe("against a rational solver of its own", () => {
  test("the oracle knows a square, its edges and its corners", () => {
    const square = [0, 0, 4, 0, 0, 4, 4, 4];
    const inside = (a: number, b: number) => isInHull(square, 4, 2, [a, b]);
    expect([inside(1, 3), inside(0, 2), inside(4, 4), inside(2, 0.1)]).toEqual([true, true, true, true]);
    expect([inside(-1e-300, 2), inside(4 + 2 ** -40, 1), inside(9, 9)]).toEqual([false, false, false]);
  });
  test("200 small cases of ten kinds: exact arithmetic leaves none open", async () => {
    const { inside, outside, boundary } = await compareSmallCases(0, 200, true);
    expect(boundary).toBe(0);
    expect(Math.min(inside, outside)).toBeGreaterThan(150);
  });
  test("200 small cases by default: never wrong, open only where rounding decides", async () => {
    const { inside, outside, boundary } = await compareSmallCases(200, 400, "auto");
    expect(inside + outside + boundary).toBe(600);
    expect(boundary).toBeLessThan(90);
  });
});

describe("the elastic linear program", () => {
  // ℓ1 distances of HiGHS at two settings: X = gauss(N, d, 1), Q = gauss(6, d, 2).
  const goldens: [number, number, number[]][] = [
    [1000, 10, [0, 0, 2.330601065, 3.892182017, 0.3929104743, 0]],
    [1000, 50, [23.51328458, 20.36989082, 24.19337534]],
  ];
  for (const [n, d, expected] of goldens) {
    test(`ℓ1 distances in R^${d}`, async () => {
      const solve = await loadElasticSolver("test");
      const x = gaussians(n * d, 1);
      const q = gaussians(6 * d, 2);
      for (const [k, value] of expected.entries()) {
        const { distance, normal, weight } = solve(
          x.map((v, i) => v - q[k * d + (i % d)]!),
          n,
          d,
        );
        expect(Math.abs(distance - value)).toBeLessThan(1e-8 * Math.max(1, value));
        expect(weight.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
        if (value === 0) continue;
        for (let i = 0; i < n; i++) {
          let score = 0;
          for (let j = 0; j < d; j++) score += normal[j]! * (x[i * d + j]! - q[k * d + j]!);
          expect(score).toBeLessThan(0);
        }
      }
    });
  }
});

test("first-order stages reject with proof and leave the rest", async () => {
  const [n, d, m] = [3000, 12, 60];
  const hull = await ConvexHull.from(points(gaussians(n * d, 1), d));
  const q = points(gaussians(m * d, 2), d);
  const reference = await hull.contains(q);
  for (const solver of ["pfw", "afw", "fw", "triangle"] as const) {
    const result = await hull.contains(q, { solver });
    expect(result.status, solver).toEqual(reference.status);
    expect(result.stats.decidedAtStage[2]!, solver).toBeGreaterThan(0);
  }
  expect(reference.stats.decidedAtStage[2]).toBe(0);
});
