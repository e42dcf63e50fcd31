import { featureSign } from "./feature-sign.js";

/** Rows and what their codes are made with. */
export interface ElasticNet {
  /** `[count, dim]`. */
  x: Float64Array;
  count: number;
  dim: number;
  /** Weight of the absolute values; $1 - \tau$ is that of the squares. */
  tau: number;
  /** How many times weaker the penalty is than the weakest that leaves nothing. */
  gamma: number;
}

/** Nonzero coefficients of a row's code. */
export interface SparseCode {
  indices: number[];
  values: number[];
}

/** Rows that are worked on at first. */
const FIRST = 100;
const MOST_ROUNDS = 40;
function inner(x: Float64Array, dim: number, i: number, vector: Float64Array): number {
  let sum = 0;
  for (let k = 0, at = i * dim; k < dim; k++, at++) sum += x[at]! * vector[k]!;
  return sum;
}

/** Solves the problem on a set of rows, from what is there. */
function solveOn(
  { x, dim }: ElasticNet,
  set: readonly number[],
  code: Map<number, number>,
  target: Float64Array,
  absolute: number,
  square: number,
): void {
  const size = set.length;
  const pulls = Float64Array.from(set, (i) => inner(x, dim, i, target));
  const gram = new Float64Array(size * size);
  for (let a = 0; a < size; a++) {
    const row = x.subarray(set[a]! * dim, (set[a]! + 1) * dim);
    for (let b = 0; b <= a; b++) gram[a * size + b] = gram[b * size + a] = inner(x, dim, set[b]!, row);
  }
  const c = Float64Array.from(set, (i) => code.get(i) ?? 0);
  featureSign({ size, gram, pulls, absolute, square }, c);
  for (const [at, i] of set.entries()) {
    if (c[at] === 0) code.delete(i);
    else code.set(i, c[at]!);
  }
}

/**
 * Writes a row as a combination of the others:
 * $\min_c \tau \lVert c \rVert_1 + \tfrac{1-\tau}{2} \lVert c \rVert_2^2 + \tfrac{1}{2\alpha} \lVert x_j - c X \rVert^2$ with
 * $c_j = 0$ and $\alpha = \max_{i \ne j} |x_i^\top x_j| / (\tau \gamma)$.
 *
 * A growing set of rows is worked on: those most like the target first, then those that violate optimality.
 */
export function elasticNetCode(net: ElasticNet, target: number): SparseCode {
  const { x, count, dim, tau, gamma } = net;
  const residual = x.slice(target * dim, (target + 1) * dim);
  const coherence = new Float64Array(count);
  const measure = () => {
    for (let i = 0; i < count; i++) coherence[i] = i === target ? 0 : Math.abs(inner(x, dim, i, residual));
  };
  measure();
  const strongest = coherence.reduce((a, b) => Math.max(a, b), 0);
  if (strongest === 0) return { indices: [], values: [] };
  const alpha = strongest / (tau * gamma);
  const [absolute, square] = [tau * alpha, (1 - tau) * alpha];
  const y = residual.slice();
  const code = new Map<number, number>();
  const bySize = (list: number[]) => list.sort((a, b) => coherence[b]! - coherence[a]! || a - b);
  const others = Array.from({ length: count }, (_, i) => i).filter((i) => i !== target);
  let set = bySize(others).slice(0, FIRST);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    solveOn(net, set, code, y, absolute, square);
    residual.set(y);
    for (const [i, value] of code) for (let k = 0; k < dim; k++) residual[k]! -= value * x[i * dim + k]!;
    measure();
    const worked = new Set(set);
    const missing = others.filter((i) => !worked.has(i) && coherence[i]! > absolute * (1 + 1e-6));
    if (missing.length === 0) break;
    set = [...code.keys(), ...bySize(missing).slice(0, FIRST)];
  }
  return { indices: [...code.keys()], values: [...code.values()] };
}
