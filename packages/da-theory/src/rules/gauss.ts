import { eighHost } from "@lab/core/linalg";
import type { Distribution } from "../distribution/distribution.js";
import { cellMoments, lawDensity, support } from "../distribution/law.js";

/** Nodes of one parameter and their weights, which sum to 1. */
export interface Nodes {
  /** Values of the parameter. */
  values: Float64Array;
  /** Their weights. */
  weights: Float64Array;
}

/** Breakpoints closer than this are one. */
const MERGE = 1e-12;

/** Gauss–Legendre nodes on [0, 1], weights summing to 1. */
export function gaussLegendre(m: number): Nodes {
  const values = new Float64Array(m);
  const weights = new Float64Array(m);
  for (let i = 0; i < m; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (m + 0.5));
    let slope = 1;
    for (let step = 0; step < 100; step++) {
      let [p, before] = [1, 0];
      for (let k = 1; k <= m; k++) [p, before] = [((2 * k - 1) * x * p - (k - 1) * before) / k, p];
      slope = (m * (x * p - before)) / (x * x - 1);
      const change = p / slope;
      x -= change;
      if (Math.abs(change) < 1e-15) break;
    }
    values[m - 1 - i] = (1 + x) / 2;
    weights[m - 1 - i] = 1 / ((1 - x * x) * slope * slope);
  }
  return { values, weights };
}

/** Gauss–Hermite nodes for the standard normal law. */
function gaussHermite(m: number): Nodes {
  const jacobi = new Float64Array(m * m);
  for (let i = 1; i < m; i++) {
    jacobi[i * m + i - 1] = Math.sqrt(i);
    jacobi[(i - 1) * m + i] = Math.sqrt(i);
  }
  const { values, vectors } = eighHost(jacobi, m);
  return { values, weights: Float64Array.from({ length: m }, (_, i) => vectors[i]! ** 2) };
}

/** Nodes of a law that has finitely many values, else undefined. */
export function finiteNodes(law: Distribution): Nodes | undefined {
  if (law.kind === "point") return { values: Float64Array.of(law.value), weights: Float64Array.of(1) };
  if (law.kind !== "discrete") return undefined;
  return { values: Float64Array.from(law.values), weights: Float64Array.from(law.probabilities) };
}

/** Sorted breakpoints within the support, its ends included, each once. */
export function cellEnds(law: Distribution, kinks: Iterable<number>): number[] {
  const [low, high] = support(law);
  const inside = [...kinks].filter((k) => k > low + MERGE && k < high - MERGE).sort((a, b) => a - b);
  const ends = [low];
  for (const kink of inside) if (kink - ends[ends.length - 1]! > MERGE) ends.push(kink);
  ends.push(high);
  return ends;
}

/**
 * Nodes that integrate a function exactly which is a polynomial of a degree between kinks, together with its powers
 * up to `order` (2: mean and covariance, 4: variance of a squared loss).
 *
 * Uniform and triangular laws: Gauss–Legendre with `degree·order/2 + 1` nodes in each cell, as the density is at most linear.
 * Normal law: for degree 1 and order 2 the two nodes mean ± sd of each cell, which match its moments; else 8 nodes in
 * each cell of at most one standard deviation.
 */
export function cellNodes(law: Distribution, kinks: Iterable<number>, degree: number, order: 2 | 4): Nodes {
  const finite = finiteNodes(law);
  if (finite) return finite;
  if (law.kind === "normal") {
    if (degree === 1 && order === 2) return momentNodes(law, cellEnds(law, kinks));
    const own = Array.from({ length: 17 }, (_, i) => law.mean + (i - 8) * law.sd);
    return densityNodes(law, cellEnds(law, [...kinks, ...own]), gaussLegendre(8));
  }
  const own = law.kind === "triangular" ? [law.mode] : [];
  return densityNodes(law, cellEnds(law, [...kinks, ...own]), gaussLegendre((degree * order) / 2 + 1));
}

/** Number of nodes that {@link cellNodes} makes, without making them. */
export function cellNodeCount(
  law: Distribution,
  kinks: Iterable<number>,
  degree: number,
  order: 2 | 4,
): number {
  const finite = finiteNodes(law);
  if (finite) return finite.values.length;
  const perCell = law.kind !== "normal" ? (degree * order) / 2 + 1 : degree === 1 && order === 2 ? 2 : 8;
  const own =
    law.kind === "triangular"
      ? [law.mode]
      : law.kind === "normal" && perCell === 8
        ? Array.from({ length: 17 }, (_, i) => law.mean + (i - 8) * law.sd)
        : [];
  return perCell * (cellEnds(law, [...kinks, ...own]).length - 1);
}

function momentNodes(law: Distribution, ends: readonly number[]): Nodes {
  const values: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i + 1 < ends.length; i++) {
    const [m0, m1, m2] = cellMoments(law, ends[i]!, ends[i + 1]!);
    if (m0 <= 0) continue;
    const mean = m1 / m0;
    const sd = Math.sqrt(Math.max(0, m2 / m0 - mean * mean));
    values.push(ends[i]! + mean - sd, ends[i]! + mean + sd);
    weights.push(m0 / 2, m0 / 2);
  }
  return { values: Float64Array.from(values), weights: normalised(weights) };
}

function densityNodes(law: Distribution, ends: readonly number[], unit: Nodes): Nodes {
  const values: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i + 1 < ends.length; i++) {
    const width = ends[i + 1]! - ends[i]!;
    for (let k = 0; k < unit.values.length; k++) {
      const t = ends[i]! + width * unit.values[k]!;
      values.push(t);
      weights.push(width * unit.weights[k]! * lawDensity(law, t));
    }
  }
  return { values: Float64Array.from(values), weights: normalised(weights) };
}

/** Gauss rule for functions that are smooth in the parameter; geometric convergence. */
export function smoothNodes(law: Distribution, count: number): Nodes {
  const finite = finiteNodes(law);
  if (finite) return finite;
  if (law.kind === "normal") {
    const { values, weights } = gaussHermite(count);
    return { values: values.map((z) => law.mean + law.sd * z), weights };
  }
  const isSplit = law.kind === "triangular";
  const unit = gaussLegendre(isSplit ? Math.max(1, Math.ceil(count / 2)) : count);
  return densityNodes(law, cellEnds(law, isSplit ? [law.mode] : []), unit);
}

/** Midpoint rule of equal steps, for functions with kinks; for a periodic function it is the periodic rule. */
export function midpointNodes(law: Distribution, count: number): Nodes {
  const finite = finiteNodes(law);
  if (finite) return finite;
  const [low, high] = law.kind === "normal" ? [law.mean - 6 * law.sd, law.mean + 6 * law.sd] : support(law);
  const values = Float64Array.from({ length: count }, (_, i) => low + ((high - low) * (i + 0.5)) / count);
  return { values, weights: normalised(Array.from(values, (t) => lawDensity(law, t))) };
}

function normalised(weights: readonly number[]): Float64Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Float64Array.from(weights, (weight) => weight / total);
}
