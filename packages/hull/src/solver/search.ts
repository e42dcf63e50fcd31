import type { Pauses } from "../run/pauses.js";
import { MinNorm } from "./min-norm.js";

/** All rows, scored in one direction. */
export interface Priced {
  /** max_i w·(x_i − q). */
  largest: number;
  /** First row that attains it. */
  argmax: number;
  /** Rows of the largest scores above the threshold asked for. */
  candidates: Int32Array;
}

/** What the search needs of the points; rows may be anywhere. */
export interface SearchProblem {
  /** Columns. */
  readonly d: number;
  /** The query. */
  readonly query: Float64Array;
  /** Powers of two that bring the columns to a common size; the search runs on z = scale · (x − q). */
  readonly columnScale: Float64Array;
  /** First working set. */
  readonly initial: Int32Array;
  /** Rows by index, row by row. */
  read(index: Int32Array): Promise<Float64Array>;
  /** Scores all rows and returns at most `limit` of those with w·(x − q) ≥ threshold. */
  price(w: Float64Array, threshold: number, limit: number): Promise<Priced>;
}

/** When to stop. */
export interface SearchOptions {
  /** Membership stops at the first separating direction, distance at the relative gap. */
  mode: "membership" | "distance";
  /** Gap at which a distance is done, relative to ‖p‖². */
  relativeGap: number;
  /** Most passes over all rows. */
  maxPasses: number;
}

/** What the search found. */
export interface SearchResult {
  /**
   * `separated`: every score is negative. `enclosed`: the corral is a simplex around the query. `close`: neither can
   * be told in floating point. `limit`: maxPasses was reached.
   */
  outcome: "separated" | "enclosed" | "close" | "limit";
  /** Rows of the corral. */
  index: Int32Array;
  /** Their weights. */
  weight: Float64Array;
  /** x − q for the corral, row by row. */
  differences: Float64Array;
  /** Last direction, in data coordinates; `null` before the first. */
  normal: Float64Array | null;
  /** What all rows answered to that direction. */
  priced: Priced | null;
  /** Lower bound of the distance in floating point, at least 0. */
  lower: number;
  /** ‖q − Σλx‖ in floating point. */
  upper: number;
  /** Σλx. */
  point: Float64Array;
  /** Passes over all rows. */
  passes: number;
  /** Rows of the working set. */
  working: Int32Array;
}

/** Min-norm point with column generation: solves on a working set, prices all rows, adds the violators. */
export async function search(
  problem: SearchProblem,
  { mode, relativeGap, maxPasses }: SearchOptions,
  pauses: Pauses,
): Promise<SearchResult> {
  const { d, query, columnScale } = problem;
  const solver = new MinNorm(d, Math.max(64, problem.initial.length));
  const working: number[] = [];
  const isWorking = new Set<number>();
  let largestNorm = 0;
  const addRows = async (index: Int32Array): Promise<number> => {
    const fresh = index.filter((i) => !isWorking.has(i));
    if (fresh.length === 0) return 0;
    const z = await problem.read(fresh);
    for (let s = 0; s < fresh.length; s++) {
      let squared = 0;
      for (let j = 0; j < d; j++) {
        const value = (z[s * d + j]! - query[j]!) * columnScale[j]!;
        z[s * d + j] = value;
        squared += value * value;
      }
      largestNorm = Math.max(largestNorm, Math.sqrt(squared));
      working.push(fresh[s]!);
      isWorking.add(fresh[s]!);
    }
    solver.add(z);
    return fresh.length;
  };
  await addRows(problem.initial);
  let normal: Float64Array | null = null;
  let priced: Priced | null = null;
  let lower = 0;
  let outcome: SearchResult["outcome"] = "limit";
  let passes = 0;
  const limit = Math.max(16, Math.ceil(d / 2));
  const innerGap = Math.min(1e-12, relativeGap);
  for (;;) {
    solver.run(innerGap);
    if (solver.isFull || solver.squaredNorm === 0) {
      outcome = "enclosed";
      break;
    }
    if (passes >= maxPasses) break;
    const squared = solver.squaredNorm;
    normal = new Float64Array(d);
    for (let j = 0; j < d; j++) normal[j] = -solver.point[j]! * columnScale[j]!;
    const noise = 1e-15 * Math.sqrt(squared) * largestNorm;
    // In membership mode only scores near the query matter; more rows cost more than they save.
    const threshold = -squared * (1 - Math.max(innerGap, 1e-12)) + noise;
    priced = await problem.price(normal, threshold, limit);
    passes++;
    lower = Math.max(0, -priced.largest / norm(normal));
    if (mode === "membership" && priced.largest < 0) {
      outcome = "separated";
      break;
    }
    const gap = squared + priced.largest;
    if (mode === "distance" && gap <= relativeGap * squared) {
      outcome = "separated";
      break;
    }
    if ((await addRows(priced.candidates)) === 0) {
      outcome = mode === "distance" && gap <= 1e-6 * squared ? "separated" : "close";
      break;
    }
    await pauses.ifDue();
  }
  const k = solver.corral.length;
  const differences = new Float64Array(k * d);
  const combination = new Float64Array(d);
  for (let s = 0; s < k; s++) {
    const at = solver.corral[s]! * d;
    for (let j = 0; j < d; j++) {
      const value = solver.vertices[at + j]! / columnScale[j]!;
      differences[s * d + j] = value;
      combination[j] = combination[j]! + solver.weights[s]! * value;
    }
  }
  return {
    outcome,
    index: Int32Array.from(solver.corral, (s) => working[s]!),
    weight: Float64Array.from(solver.weights),
    differences,
    normal,
    priced,
    lower,
    upper: norm(combination),
    point: combination.map((value, j) => query[j]! + value),
    passes,
    working: Int32Array.from(working),
  };
}

/** Euclidean length. */
export function norm(v: ArrayLike<number>): number {
  let largest = 0;
  for (let j = 0; j < v.length; j++) largest = Math.max(largest, Math.abs(v[j]!));
  if (largest === 0 || largest > 1.7e308) return largest;
  let sum = 0;
  for (let j = 0; j < v.length; j++) {
    const value = v[j]! / largest;
    sum += value * value;
  }
  return largest * Math.sqrt(sum);
}

/** The power of two next below a positive number; 1 for 0. */
export function powerOfTwo(value: number): number {
  return value > 0 && value < Number.POSITIVE_INFINITY ? 2 ** Math.floor(Math.log2(value)) : 1;
}
