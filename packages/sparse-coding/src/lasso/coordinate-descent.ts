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

/**
 * Duality gap of a row from its codes and $c = b - Hz$, and the factor $\rho$ that makes the residual feasible.
 *
 * $\frac12 (1-\rho)^2 r^2 + \sum_j (\alpha_j |z_j| - \rho z_j c_j)$: the usual difference of primal and dual value after the large
 * terms have cancelled on paper. Where an atom has weight 0 there is no feasible point short of the solution, and what single
 * coordinates can still gain stands in.
 */
export function rowGap(p: RowProblem, z: Float64Array, c: Float64Array): { gap: number; rho: number } {
  const { alpha, target, positive } = p;
  let [squared, rho, isFree] = [p.scale, 1, false];
  for (let j = 0; j < z.length; j++) {
    if (z[j] !== 0) squared -= z[j]! * (target[j]! + c[j]!);
    const slope = positive ? c[j]! : Math.abs(c[j]!);
    const weight = alpha[j]!;
    if (weight === 0) isFree = true;
    else if (slope * rho > weight) rho = weight / slope;
  }
  if (isFree) return { gap: coordinateGains(p, z, c), rho: 0 };
  let gap = 0.5 * (1 - rho) * (1 - rho) * Math.max(0, squared);
  for (let j = 0; j < z.length; j++) {
    const value = z[j]!;
    if (value !== 0) gap += alpha[j]! * Math.abs(value) - rho * value * c[j]!;
  }
  return { gap, rho };
}

/** Sum over the coordinates of half the curvature times the square of the exact step along each alone. */
function coordinateGains({ gram, alpha, positive }: RowProblem, z: Float64Array, c: Float64Array): number {
  const l = z.length;
  let sum = 0;
  for (let j = 0; j < l; j++) {
    const curvature = gram[j * l + j]!;
    if (curvature <= 0) continue;
    const step = shrunk(c[j]! + curvature * z[j]!, alpha[j]!, positive) / curvature - z[j]!;
    sum += 0.5 * curvature * step * step;
  }
  return sum;
}

function shrunk(x: number, weight: number, positive: boolean): number {
  if (x > weight) return x - weight;
  return !positive && x < -weight ? x + weight : 0;
}

/** Solves rows of one width by cyclic coordinate descent on a growing working set, with gap-safe screening. */
export class RowSolver {
  private readonly size: number;
  private readonly c: Float64Array;
  private readonly isOut: Uint8Array;
  private readonly isIn: Uint8Array;
  private readonly set: Int32Array;
  private readonly candidates: Int32Array;
  private readonly excess: Float64Array;
  private readonly local: Float64Array;
  private readonly slope: Float64Array;
  private readonly support: Int32Array;
  private known: { gram: ArrayLike<number> | undefined; norms: Float64Array } = {
    gram: undefined,
    norms: new Float64Array(0),
  };
  private block = new Float64Array(4 * SMALLEST_SET * SMALLEST_SET);

  /** Takes room to work in for `size` atoms. */
  constructor(size: number) {
    this.size = size;
    const [floats, ints] = [() => new Float64Array(size), () => new Int32Array(size)];
    [this.c, this.excess, this.local, this.slope] = [floats(), floats(), floats(), floats()];
    [this.set, this.candidates, this.support] = [ints(), ints(), ints()];
    this.isOut = new Uint8Array(size);
    this.isIn = new Uint8Array(size);
  }

  /**
   * Solves one row.
   *
   * @param p - The row.
   * @param z - Start, and the result.
   * @param tolerance - Gap at which it ends, relative to the squared norm of the data.
   * @param maxSweeps - Most sweeps in all.
   */
  solve(p: RowProblem, z: Float64Array, tolerance: number, maxSweeps: number): RowOutcome {
    const { alpha, positive } = p;
    const { size: l, c, isOut, isIn, set } = this;
    const norms = this.normsOf(p.gram);
    isOut.fill(0);
    isIn.fill(0);
    let [count, sweeps] = [0, 0];
    // In double precision differences of this size are rounding.
    const limit = Math.max(tolerance, 1e-15) * p.scale;
    for (;;) {
      const support = this.correlate(p, z);
      const { gap, rho } = rowGap(p, z, c);
      if (gap <= limit || sweeps >= maxSweeps) return { gap: Math.max(gap, 0), sweeps };
      const radius = Math.sqrt(2 * Math.max(gap, 0));
      let kept = 0;
      for (let a = 0; a < count; a++) {
        const j = set[a]!;
        if (z[j] !== 0) set[kept++] = j;
        else isIn[j] = 0;
      }
      count = kept;
      let found = 0;
      for (let j = 0; j < l; j++) {
        if (isOut[j] === 1) continue;
        if (z[j] !== 0) {
          if (isIn[j] === 0) {
            isIn[j] = 1;
            set[count++] = j;
          }
          continue;
        }
        const weight = alpha[j]!;
        const slope = positive ? c[j]! : Math.abs(c[j]!);
        if (slope > weight) {
          this.candidates[found] = j;
          this.excess[found++] = slope - weight;
        } else if (rho > 0 && rho * slope + radius * norms[j]! < weight) isOut[j] = 1;
      }
      count = this.enter(count, found, Math.max(1, Math.max(SMALLEST_SET, 2 * support) - count));
      sweeps += this.solveBlock(p, z, count, (INNER * Math.max(gap, limit)) / count, maxSweeps - sweeps);
    }
  }

  /** Duality gap of a row for codes that are given. */
  gap(p: RowProblem, z: Float64Array): number {
    this.correlate(p, z);
    return rowGap(p, z, this.c).gap;
  }

  /** Norms of the atoms; kept, because the diagonal of a large matrix is a cache miss for each element. */
  private normsOf(gram: Float64Array): Float64Array {
    if (this.known.gram !== gram) {
      const { size: l } = this;
      this.known = { gram, norms: Float64Array.from({ length: l }, (_, j) => Math.sqrt(gram[j * l + j]!)) };
    }
    return this.known.norms;
  }

  /** $c = b - Hz$, four atoms of the support at a time; answers how many atoms that are. */
  private correlate({ gram, target }: RowProblem, z: Float64Array): number {
    const { size: l, c, support } = this;
    c.set(target);
    let count = 0;
    for (let j = 0; j < l; j++) if (z[j] !== 0) support[count++] = j;
    let at = 0;
    for (; at + 4 <= count; at += 4) {
      const [i0, i1, i2, i3] = [support[at]!, support[at + 1]!, support[at + 2]!, support[at + 3]!];
      const [z0, z1, z2, z3] = [z[i0]!, z[i1]!, z[i2]!, z[i3]!];
      const [r0, r1, r2, r3] = [i0 * l, i1 * l, i2 * l, i3 * l];
      for (let k = 0; k < l; k++) {
        c[k]! -= z0 * gram[r0 + k]! + z1 * gram[r1 + k]! + (z2 * gram[r2 + k]! + z3 * gram[r3 + k]!);
      }
    }
    for (; at < count; at++) {
      const value = z[support[at]!]!;
      const row = support[at]! * l;
      for (let k = 0; k < l; k++) c[k]! -= value * gram[row + k]!;
    }
    return count;
  }

  /** Moves the largest violators into the set; answers its size. */
  private enter(count: number, found: number, room: number): number {
    const { candidates, excess, set, isIn } = this;
    let [size, left] = [count, found];
    for (let taken = 0; taken < room && left > 0; taken++) {
      let best = 0;
      if (left > room - taken) for (let i = 1; i < left; i++) if (excess[i]! > excess[best]!) best = i;
      const j = candidates[best]!;
      isIn[j] = 1;
      set[size++] = j;
      left--;
      candidates[best] = candidates[left]!;
      excess[best] = excess[left]!;
    }
    return size;
  }

  /** Cyclic coordinate descent inside the set; answers the sweeps it took. */
  private solveBlock(p: RowProblem, z: Float64Array, n: number, limit: number, maxSweeps: number): number {
    const { gram, alpha, positive } = p;
    const { size: l, set, local, slope, c } = this;
    if (n === 0) return 1;
    if (this.block.length < n * n) this.block = new Float64Array(2 * n * n);
    const block = this.block;
    for (let a = 0; a < n; a++) {
      const j = set[a]!;
      const row = j * l;
      local[a] = z[j]!;
      slope[a] = c[j]!;
      for (let b = 0; b < n; b++) block[a * n + b] = gram[row + set[b]!]!;
    }
    let sweep = 0;
    for (;;) {
      sweep++;
      let largest = 0;
      for (let a = 0; a < n; a++) {
        const row = a * n;
        const curvature = block[row + a]!;
        if (curvature <= 0) continue;
        const old = local[a]!;
        const next = shrunk(slope[a]! + curvature * old, alpha[set[a]!]!, positive) / curvature;
        const change = next - old;
        if (change === 0) continue;
        local[a] = next;
        for (let b = 0; b < n; b++) slope[b]! -= change * block[row + b]!;
        const gain = change * change * curvature;
        if (gain > largest) largest = gain;
      }
      if (largest < limit || sweep >= maxSweeps) break;
    }
    for (let a = 0; a < n; a++) z[set[a]!] = local[a]!;
    return sweep;
  }
}
