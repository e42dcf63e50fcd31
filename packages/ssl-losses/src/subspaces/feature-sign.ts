import { choleskyHost, choleskySolveHost } from "@lab/core/linalg";

/** $\min_c \lambda \lVert c \rVert_1 + \tfrac\mu2 \lVert c \rVert^2 + \tfrac12 c^\top G c - b^\top c$ over `size` coefficients. */
export interface LassoProblem {
  size: number;
  /** `[size, size]`. */
  gram: Float64Array;
  pulls: Float64Array;
  absolute: number;
  square: number;
}

const RIDGE = 1e-12;
const SLACK = 1e-7;

function slope({ gram, pulls, square, size }: LassoProblem, c: Float64Array, i: number): number {
  let sum = pulls[i]! - square * c[i]!;
  for (let j = 0; j < size; j++) if (c[j] !== 0) sum -= gram[i * size + j]! * c[j]!;
  return sum;
}

/** Minimum over the active coefficients while they keep their signs. */
function restricted(
  problem: LassoProblem,
  active: readonly number[],
  signs: readonly number[],
): Float64Array {
  const { size, gram, pulls, absolute, square } = problem;
  const n = active.length;
  const system = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) system[a * n + b] = gram[active[a]! * size + active[b]!]!;
    system[a * n + a]! += square + RIDGE;
  }
  const right = Float64Array.from(active, (i, a) => pulls[i]! - absolute * signs[a]!);
  return choleskySolveHost(choleskyHost(system, n), right, n, 1);
}

/**
 * Exact minimum of a small lasso or elastic net by active sets with signs; changes `c`, from which it starts.
 *
 * @see Lee, Battle, Raina, Ng (2007), Efficient sparse coding algorithms, feature-sign search.
 */
export function featureSign(problem: LassoProblem, c: Float64Array): void {
  const { size, absolute } = problem;
  const limit = absolute * (1 + SLACK);
  for (let step = 0; step < 20 * size; step++) {
    const active = [...c.keys()].filter((i) => c[i] !== 0);
    const signs = active.map((i) => Math.sign(c[i]!));
    const isSettled = active.every(
      (i, a) => Math.abs(slope(problem, c, i) - absolute * signs[a]!) <= SLACK * absolute,
    );
    if (isSettled) {
      let [largest, chosen] = [limit, -1];
      for (let i = 0; i < size; i++) {
        const pull = c[i] === 0 ? Math.abs(slope(problem, c, i)) : 0;
        if (pull > largest) [largest, chosen] = [pull, i];
      }
      if (chosen < 0) return;
      active.push(chosen);
      signs.push(Math.sign(slope(problem, c, chosen)));
    }
    moveTowards(problem, c, active, restricted(problem, active, signs));
  }
}

/** Goes to the best of the goal and the points on the way at which a coefficient becomes zero. */
function moveTowards(
  problem: LassoProblem,
  c: Float64Array,
  active: readonly number[],
  goal: Float64Array,
): void {
  const { size, gram, square, absolute } = problem;
  const start = active.map((i) => c[i]!);
  const step = start.map((from, a) => goal[a]! - from);
  // The smooth part changes by t·linear + t²/2·curvature.
  let [linear, curvature] = [0, 0];
  for (const [a, i] of active.entries()) {
    linear -= step[a]! * slope(problem, c, i);
    let product = square * step[a]!;
    for (const [b, j] of active.entries()) product += gram[i * size + j]! * step[b]!;
    curvature += step[a]! * product;
  }
  let [best, bestValue] = [1, Number.POSITIVE_INFINITY];
  const stops = [1, ...start.map((from, a) => -from / step[a]!).filter((t) => t > 0 && t < 1)];
  for (const t of stops) {
    let value = t * (linear + 0.5 * t * curvature);
    for (const [a, from] of start.entries()) value += absolute * Math.abs(from + t * step[a]!);
    if (value < bestValue) [best, bestValue] = [t, value];
  }
  for (const [a, i] of active.entries()) {
    const value = start[a]! + best * step[a]!;
    c[i] = Math.abs(value) <= 1e-14 * Math.abs(start[a]!) ? 0 : value;
  }
}
