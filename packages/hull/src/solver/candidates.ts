import type { RowAccess } from "../pricing/row-access.js";
import { type ElasticSolver, loadElasticSolver } from "./elastic-lp.js";
import { nnlsWeights } from "./nnls.js";

/** An answer that is yet to be proven. */
export interface Candidate {
  /** A direction that separates in floating point, if one was found. */
  normal: Float64Array | null;
  /** Rows that carry the nearest point found. */
  index: Int32Array;
  /** Their weights. */
  weight: Float64Array;
}

/** Solves on rows of differences: weights, and a direction −p or that of the dual. */
type WorkingSolver = (
  y: Float64Array,
  n: number,
  d: number,
) => { index: number[]; weight: number[]; normal?: Float64Array };

/** Column generation around a solver of working sets. */
async function generate(
  access: RowAccess,
  query: Float64Array,
  initial: Int32Array,
  columnScale: Float64Array,
  solve: WorkingSolver,
): Promise<Candidate> {
  const { d } = access;
  const working: number[] = [];
  const known = new Set<number>();
  let y = new Float64Array(0);
  const add = async (rows: Int32Array) => {
    const fresh = rows.filter((i) => !known.has(i));
    if (fresh.length === 0) return false;
    const values = await access.read(fresh);
    const grown = new Float64Array(y.length + values.length);
    grown.set(y);
    for (let i = 0; i < values.length; i++) {
      grown[y.length + i] = (values[i]! - query[i % d]!) * columnScale[i % d]!;
    }
    y = grown;
    for (const i of fresh) {
      known.add(i);
      working.push(i);
    }
    return true;
  };
  await add(initial);
  for (let pass = 0; ; pass++) {
    const found = solve(y, working.length, d);
    const p = new Float64Array(d);
    for (const [k, s] of found.index.entries()) {
      for (let j = 0; j < d; j++) p[j] = p[j]! + found.weight[k]! * y[s * d + j]!;
    }
    const squared = p.reduce((sum, v) => sum + v * v, 0);
    const candidate: Candidate = {
      normal: null,
      index: Int32Array.from(found.index, (s) => working[s]!),
      weight: Float64Array.from(found.weight),
    };
    if (squared === 0 && found.normal === undefined) return candidate;
    const scaled = found.normal ?? p.map((v) => -v);
    const normal = scaled.map((v, j) => v * columnScale[j]!);
    const priced = await access.price(
      normal,
      query,
      found.normal ? 0 : -squared * (1 - 1e-10),
      Math.max(16, d),
    );
    if (priced.largest < 0) return { ...candidate, normal };
    if (found.index.length === d + 1 || pass > 60 || !(await add(priced.candidates))) return candidate;
  }
}

/** By non-negative least squares. */
export function nnlsCandidate(
  access: RowAccess,
  query: Float64Array,
  initial: Int32Array,
  columnScale: Float64Array,
): Promise<Candidate> {
  return generate(access, query, initial, columnScale, nnlsWeights);
}

/** By the elastic linear program; needs the package `highs`. */
export async function lpCandidate(
  caller: string,
  access: RowAccess,
  query: Float64Array,
  initial: Int32Array,
  columnScale: Float64Array,
): Promise<Candidate> {
  const solver: ElasticSolver = await loadElasticSolver(caller);
  return generate(access, query, initial, columnScale, (y, n, d) => {
    const { weight, normal, distance } = solver(y, n, d);
    const index: number[] = [];
    const kept: number[] = [];
    for (let i = 0; i < n; i++) {
      if (weight[i]! <= 0) continue;
      index.push(i);
      kept.push(weight[i]!);
    }
    return { index, weight: kept, ...(distance > 0 && { normal }) };
  });
}
