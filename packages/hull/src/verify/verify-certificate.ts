import { ArgumentError, ShapeError } from "@lab/core";
import type { Certificate, InsideCertificate, OutsideCertificate, Proof } from "../certify/certificate.js";
import { exactSign } from "../exact/dyadic.js";
import { openPoints, type Points, type Rows, readChunk, readRows } from "../points/points.js";
import { hasExactWeights } from "./exact-weights.js";
import { hasPositiveWeights } from "./simplex-weights.js";

/** What {@link verifyCertificate} found. */
export interface Verification {
  /** Whether the certificate holds, at the strength it claims. */
  ok: boolean;
  /** How the verdict was confirmed; `null` when it was not. */
  proof: Proof | null;
  /** Why it was refused, or how it was confirmed. */
  reason: string;
}

// More unknowns than this are left to floating point: rational elimination grows with the fourth power.
const MAX_EXACT_UNKNOWNS = 90;
const CHUNK = 4096;

/**
 * Checks a certificate against the points, with code of its own: no solver file is imported.
 *
 * Outside: w·(q − x_i) > 0 for every row, by a rounding bound and in exact arithmetic where that is too coarse; offset
 * and margin must be those of the normal. Inside: the weights must reproduce the query, and the exact barycentric
 * coordinates of the rows named must be proven not negative.
 *
 * @param points - The points of the hull, shape `[N, d]`.
 * @param query - The query, shape `[d]`.
 * @param certificate - What is to be checked.
 * @returns Whether it holds and why.
 * @throws `ShapeError` when the query has another length than the points have columns.
 * @remarks Costs N·d for an outside certificate, k³ for an inside one with k rows. A `boundary` certificate claims
 * nothing and is never ok.
 * @example
 * ```ts
 * import { verifyCertificate } from "@lab/hull/verify";
 *
 * const square = { data: Float64Array.of(0, 0, 1, 0, 0, 1, 1, 1), shape: [4, 2] as [number, number] };
 * const normal = Float64Array.of(1, 0);
 * const claim = { kind: "outside", normal, offset: 1, margin: 1, proof: "proven", bound: 0 } as const;
 * (await verifyCertificate(square, [2, 0.5], claim)).ok; // => true
 * (await verifyCertificate(square, [0.5, 0.5], claim)).ok; // => false
 * ```
 */
export async function verifyCertificate(
  points: Points,
  query: ArrayLike<number>,
  certificate: Certificate,
): Promise<Verification> {
  const rows = await openPoints("verifyCertificate", "points", points);
  if (query.length !== rows.d) {
    throw new ShapeError(
      `verifyCertificate: query has ${query.length} values but the points live in R^${rows.d}; the lengths must be equal`,
      { argument: "query", shape: [query.length] },
    );
  }
  switch (certificate.kind) {
    case "outside":
      return await verifyOutside(rows, query, certificate);
    case "inside":
      return await verifyInside(rows, query, certificate);
    case "boundary":
      return refused("an undecided query has no certificate");
    default:
      throw new ArgumentError(
        `verifyCertificate: certificate.kind is ${String((certificate as { kind: unknown }).kind)}; "inside", "outside" or "boundary" was expected`,
        { argument: "certificate.kind", value: (certificate as { kind: unknown }).kind },
      );
  }
}

const refused = (reason: string): Verification => ({ ok: false, proof: null, reason });

async function verifyOutside(
  rows: Rows,
  q: ArrayLike<number>,
  { normal: w, offset, margin, proof }: OutsideCertificate,
): Promise<Verification> {
  const { d, n } = rows;
  if (w.length !== d) return refused(`the normal has ${w.length} values, the points have ${d} columns`);
  let squared = 0;
  for (const v of w) squared += v * v;
  if (!(squared > 0 && squared < Number.POSITIVE_INFINITY))
    return refused("the normal is zero or not finite");
  const u = 2 ** -53;
  let isExact = false;
  let support = Number.NEGATIVE_INFINITY;
  let rounding = 0;
  for (let start = 0; start < n; start += CHUNK) {
    const count = Math.min(CHUNK, n - start);
    const values = await readChunk(rows, start, count);
    for (let i = 0; i < count; i++) {
      let below = 0;
      let size = 0;
      let score = 0;
      let scoreSize = 0;
      for (let j = 0; j < d; j++) {
        const x = values[i * d + j]!;
        const term = w[j]! * (q[j]! - x);
        below += term;
        size += Math.abs(term);
        const part = w[j]! * x;
        score += part;
        scoreSize += Math.abs(part);
      }
      support = Math.max(support, score);
      rounding = Math.max(rounding, (d + 4) * 1.01 * u * scoreSize);
      if (below > (d + 4) * 1.01 * u * size + 1e-300) continue;
      const row = Array.from({ length: d }, (_, j) => values[i * d + j]!);
      if (exactSign(w, row, q) < 0) {
        isExact = true;
        continue;
      }
      return refused(`row ${start + i} is not below the query`);
    }
  }
  let value = 0;
  let valueSize = 0;
  for (let j = 0; j < d; j++) {
    value += w[j]! * q[j]!;
    valueSize += Math.abs(w[j]! * q[j]!);
  }
  const slack = rounding + (d + 4) * 1.01 * u * valueSize;
  if (!(offset >= support - slack)) return refused("the offset lies below a row");
  if (!(offset <= value + slack)) return refused("the offset lies above the query");
  const norm = Math.sqrt(squared);
  const expected = (value - offset) / norm;
  if (!(Math.abs(margin - expected) <= 1e-9 * Math.abs(expected) + (2 * slack) / norm)) {
    return refused("the margin is not that of normal and offset");
  }
  const found: Proof = isExact ? "exact" : "proven";
  return { ok: true, proof: found, reason: proof === "numerical" ? "better than claimed" : "separates" };
}

async function verifyInside(
  rows: Rows,
  q: ArrayLike<number>,
  { index, weight, residual, proof }: InsideCertificate,
): Promise<Verification> {
  const { d, n } = rows;
  const k = index.length;
  if (k === 0 || weight.length !== k) return refused(`${k} rows and ${weight.length} weights`);
  for (const i of index) if (!(i >= 0 && i < n)) return refused(`row ${i} does not exist`);
  for (const w of weight) if (!(w >= 0 && w <= 1 + 1e-9)) return refused(`${w} is not a weight`);
  const sum = weight.reduce((a, b) => a + b, 0);
  if (!(Math.abs(sum - 1) <= 1e-9)) return refused(`the weights sum to ${sum}`);
  const chosen = await readRows(rows, Int32Array.from(index));
  let squared = 0;
  let size = 0;
  for (let j = 0; j < d; j++) {
    let value = 0;
    for (let s = 0; s < k; s++) {
      const difference = chosen[s * d + j]! - q[j]!;
      value += weight[s]! * difference;
      size = Math.max(size, Math.abs(difference));
    }
    squared += value * value;
  }
  const found = Math.sqrt(squared);
  const rounding = 4 * (k + 4) * Math.sqrt(d) * 2 ** -53 * size;
  if (!(found <= residual * (1 + 1e-6) + rounding)) {
    return refused(`the weights miss the query by ${found}, ${residual} was claimed`);
  }
  if (!(found <= 1e-7 * size || found === 0)) return refused(`the weights miss the query by ${found}`);
  if (proof === "numerical") return { ok: true, proof: "numerical", reason: "the residual is as claimed" };
  // Columns in which every row equals the query hold for any weights.
  const columns = [];
  for (let j = 0; j < d; j++) {
    for (let s = 0; s < k; s++) {
      if (chosen[s * d + j] !== q[j]) {
        columns.push(j);
        break;
      }
    }
  }
  if (columns.length === 0) return { ok: true, proof: "exact", reason: "equal to a row" };
  const reduced = new Float64Array(k * columns.length);
  for (let s = 0; s < k; s++) {
    for (const [c, j] of columns.entries()) reduced[s * columns.length + c] = chosen[s * d + j]!;
  }
  const target = columns.map((j) => q[j]!);
  if (k === columns.length + 1 && hasPositiveWeights(reduced, columns.length, target)) {
    return { ok: true, proof: "proven", reason: "all barycentric coordinates are positive" };
  }
  if (k > MAX_EXACT_UNKNOWNS) return refused("the coordinates are not proven positive");
  const exact = hasExactWeights(reduced, k, columns.length, target);
  if (exact === true) return { ok: true, proof: "exact", reason: "the exact weights are not negative" };
  return refused(
    exact === null ? "the rows are affinely dependent" : "the exact weights do not give the query",
  );
}
