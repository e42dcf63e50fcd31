import { Generator } from "@lab/core/random";
import { expect } from "vitest";
import { ConvexHull, verifyCertificate } from "../src/index.js";
import { isInHull } from "./rational-oracle.js";

const KINDS = [
  "grid",
  "duplicates",
  "face",
  "collinear",
  "few",
  "single",
  "large",
  "small",
  "near",
  "gaussian",
] as const;

/** A small case of one of the kinds that break solvers: points, and queries that are inside, outside or on the surface. */
export function smallCase(seed: number) {
  const generator = new Generator(seed).split("small");
  const pick = (low: number, high: number) => low + Math.floor(generator.float64(1)[0]! * (high - low + 1));
  const kind = KINDS[seed % KINDS.length]!;
  const d = pick(kind === "collinear" ? 2 : 1, 5);
  const n = kind === "single" ? 1 : kind === "few" ? pick(1, d) : pick(d + 1, 12);
  const m = 3;
  const x = generator.normal64(n * d);
  const q = generator.normal64(m * d);
  const isGrid = kind !== "gaussian" && kind !== "near";
  if (isGrid) for (const v of [x, q]) for (let i = 0; i < v.length; i++) v[i] = Math.round(1.5 * v[i]!);
  if (kind === "duplicates") for (let i = d; i < x.length; i++) if (Math.floor(i / d) % 2) x[i] = x[i - d]!;
  if (kind === "collinear") {
    for (const v of [x, q]) for (let i = 0; i < v.length; i++) if (i % d) v[i] = 2 * v[i - 1]!;
  }
  // Queries on the segment between two rows, a quarter of the way: on the surface more often than not.
  const [a, b] = [pick(0, n - 1), pick(0, n - 1)];
  for (let j = 0; j < d; j++) q[j] = (3 * x[a * d + j]! + x[b * d + j]!) / 4;
  if (kind === "face") for (let j = 0; j < d; j++) q[d + j] = j === 0 ? x[a * d]! : x[b * d + j]!;
  if (kind === "near") {
    // Beside the face of d rows, at a relative distance of 1e-9, on either side of it.
    for (let k = 0; k < 2; k++) {
      for (let j = 0; j < d; j++) {
        let sum = 0;
        for (let s = 0; s < d; s++) sum += x[(s % n) * d + j]! / d;
        q[k * d + j] = sum * (1 + (k === 0 ? 1e-9 : -1e-9));
      }
    }
  }
  if (kind === "large") for (const v of [x, q]) for (let i = 0; i < v.length; i++) v[i] = 1e8 * v[i]!;
  if (kind === "small") for (const v of [x, q]) for (let i = 0; i < v.length; i++) v[i] = 1e-8 * v[i]!;
  return { kind, n, d, m, x, q };
}

/** Compares cases with the oracle: no verdict may be wrong, every one must verify; returns how many of each there were. */
export async function compareSmallCases(from: number, to: number, exact: boolean | "auto") {
  const counts = { inside: 0, outside: 0, boundary: 0 };
  for (let seed = from; seed < to; seed++) {
    const { kind, n, d, m, x, q } = smallCase(seed);
    const points = { data: x, shape: [n, d] as [number, number] };
    const hull = await ConvexHull.from(points);
    const result = await hull.contains({ data: q, shape: [m, d] }, { exact });
    for (let i = 0; i < m; i++) {
      const query = q.slice(i * d, (i + 1) * d);
      const label = `seed ${seed} ${kind} n ${n} d ${d} query ${i}`;
      const status = result.status[i]!;
      const certificate = result.certificate(i);
      counts[status]++;
      if (status === "boundary") {
        expect(certificate, label).toMatchObject({ kind: "boundary", lower: result.lower[i]! });
        expect(result.upper[i]!, label).toBeGreaterThanOrEqual(result.lower[i]!);
        continue;
      }
      // A numerical verdict claims no proof: it is for flat points without exact arithmetic.
      if (certificate.kind === "inside" && certificate.proof === "numerical") {
        expect(hull.affineDim, label).toBeLessThan(d);
        continue;
      }
      expect(status, label).toBe(isInHull(x, n, d, query) ? "inside" : "outside");
      const { ok, reason } = await verifyCertificate(points, query, certificate);
      expect(ok, `${label}: ${reason}`).toBe(true);
    }
  }
  return counts;
}
