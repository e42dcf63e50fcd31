/** One row's lasso on its Gram matrix: $\frac12 z^\top H z - b^\top z + \frac12 yy + \sum_j \alpha_j |z_j|$. */
export interface RowProblem {
  /** $H = D^\top D$ plus the ridge, `[l, l]`. */
  gram: Float64Array;
  /** $b = D^\top y$, `[l]`. */
  target: Float64Array;
  /** $\lVert y \rVert^2$. */
  scale: number;
  /** Weights $\alpha_j$ of the l1 norm, `[l]`. */
  alpha: Float64Array;
  /** Whether coefficients are non-negative. */
  positive: boolean;
}

/** How a row went. */
export interface RowOutcome {
  /** Duality gap reached. */
  gap: number;
  /** Sweeps over the working set. */
  sweeps: number;
}

/** Share of the gap that each coordinate of the working set may leave, so that the set is solved a little beyond the need. */
const INNER = 0.03;
/** Smallest number of atoms that enter the working set at a time. */
const SMALLEST_SET = 10;

/** Duality gap of a row from its codes and $c = b - Hz$. */
export function rowGap(p: RowProblem, z: Float64Array, c: Float64Array): { gap: number; rho: number } {
  const l = z.length;
  let [fit, squared, l1, rho] = [0, p.scale, 0, 1];
  for (let j = 0; j < l; j++) {
    const value = z[j]!;
    if (value !== 0) {
      fit += value * p.target[j]!;
      squared -= value * (p.target[j]! + c[j]!);
      l1 += p.alpha[j]! * Math.abs(value);
    }
    const slope = p.positive ? c[j]! : Math.abs(c[j]!);
    if (slope > p.alpha[j]!) rho = Math.min(rho, p.alpha[j]! / slope);
  }
  if (squared < 0) squared = 0;
  const dual = rho * (p.scale - fit) - 0.5 * rho * rho * squared;
  return { gap: 0.5 * squared + l1 - dual, rho };
}

/**
 * Solves a row by cyclic coordinate descent on a growing working set, with gap-safe screening.
 *
 * @param p - The row.
 * @param z - Start, and the result.
 * @param tolerance - Gap at which it ends, relative to the squared norm of the data.
 * @param maxSweeps - Most sweeps in all.
 */
export function solveRow(p: RowProblem, z: Float64Array, tolerance: number, maxSweeps: number): RowOutcome {
  const { gram, target, alpha, positive } = p;
  const l = z.length;
  const c = new Float64Array(l);
  const isOut = new Uint8Array(l);
  const isIn = new Uint8Array(l);
  let set: number[] = [];
  let sweeps = 0;
  // In double precision differences of this size are rounding.
  const limit = Math.max(tolerance * p.scale, 1e-15 * p.scale);
  for (;;) {
    c.set(target);
    let support = 0;
    for (let j = 0; j < l; j++) {
      const value = z[j]!;
      if (value === 0) continue;
      support++;
      const row = j * l;
      for (let k = 0; k < l; k++) c[k]! -= value * gram[row + k]!;
    }
    const { gap, rho } = rowGap(p, z, c);
    if (gap <= limit || sweeps >= maxSweeps) return { gap: Math.max(gap, 0), sweeps };
    const radius = Math.sqrt(2 * Math.max(gap, 0));
    const violators: number[] = [];
    set = set.filter((j) => {
      if (z[j] !== 0) return true;
      isIn[j] = 0;
      return false;
    });
    for (let j = 0; j < l; j++) {
      if (isOut[j]) continue;
      if (z[j] !== 0) {
        if (!isIn[j]) {
          isIn[j] = 1;
          set.push(j);
        }
        continue;
      }
      const slope = positive ? c[j]! : Math.abs(c[j]!);
      if (rho * slope + radius * Math.sqrt(gram[j * l + j]!) < alpha[j]!) isOut[j] = 1;
      else if (slope > alpha[j]!) violators.push(j);
    }
    const room = Math.max(SMALLEST_SET, 2 * support) - set.length;
    const excess = (j: number) => (positive ? c[j]! : Math.abs(c[j]!)) - alpha[j]!;
    if (violators.length > room) violators.sort((a, b) => excess(b) - excess(a));
    for (const j of violators.slice(0, Math.max(room, 1))) {
      isIn[j] = 1;
      set.push(j);
    }
    sweeps += solveBlock(
      p,
      z,
      c,
      set,
      (INNER * Math.max(gap, limit)) / Math.max(set.length, 1),
      maxSweeps - sweeps,
    );
  }
}

/** Cyclic coordinate descent inside a block; answers the sweeps it took. */
function solveBlock(
  p: RowProblem,
  z: Float64Array,
  c: Float64Array,
  set: readonly number[],
  limit: number,
  maxSweeps: number,
): number {
  const { gram, alpha, positive } = p;
  const l = z.length;
  const n = set.length;
  if (n === 0) return 1;
  const block = new Float64Array(n * n);
  const local = new Float64Array(n);
  const slope = new Float64Array(n);
  for (let a = 0; a < n; a++) {
    const row = set[a]! * l;
    local[a] = z[set[a]!]!;
    slope[a] = c[set[a]!]!;
    for (let b = 0; b < n; b++) block[a * n + b] = gram[row + set[b]!]!;
  }
  let sweep = 0;
  for (;;) {
    sweep++;
    let largest = 0;
    for (let a = 0; a < n; a++) {
      const curvature = block[a * n + a]!;
      if (curvature <= 0) continue;
      const old = local[a]!;
      const at = slope[a]! + curvature * old;
      const weight = alpha[set[a]!]!;
      const next =
        at > weight ? (at - weight) / curvature : !positive && at < -weight ? (at + weight) / curvature : 0;
      const change = next - old;
      if (change === 0) continue;
      local[a] = next;
      const row = a * n;
      for (let b = 0; b < n; b++) slope[b]! -= change * block[row + b]!;
      const gain = change * change * curvature;
      if (gain > largest) largest = gain;
    }
    if (largest < limit || sweep >= maxSweeps) break;
  }
  for (let a = 0; a < n; a++) z[set[a]!] = local[a]!;
  return sweep;
}
