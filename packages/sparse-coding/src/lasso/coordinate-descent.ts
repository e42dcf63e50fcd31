import { simdLoop } from "./simd-loop.js";

/** What the rows of a problem have in common: $\frac12 z^\top H z - b^\top z + \frac12 yy + \sum_j \alpha_j |z_j|$. */
export interface RowProblem {
  /**
   * $H = D^\top D$ plus the ridge, `[l, l]`. With one in single precision vector instructions do the loop over all atoms, where
   * there are any; then no other solver may be made before its last row.
   */
  gram: Float32Array | Float64Array;
  /** Weights $\alpha_j$ of the l1 norm, `[l]`. */
  alpha: Float64Array;
  /** Whether coefficients are non-negative. */
  positive: boolean;
  /** Gap at which a row ends, relative to the squared norm of its data. */
  tolerance: number;
  /** Most sweeps of a row in all. */
  maxSweeps: number;
}

/** How a row went. */
export interface RowOutcome {
  /** Duality gap reached. */
  gap: number;
  /** Sweeps over the working set. */
  sweeps: number;
}

/** Solves rows of one problem, one after another. */
export interface RowSolver {
  /** Solves a row from $b = D^\top y$ and $\lVert y \rVert^2$; `codes` is the start and the result. */
  solve: (target: Float64Array, scale: number, codes: Float32Array | Float64Array) => RowOutcome;
  /** Duality gap of a row for codes that are given. */
  gap(target: Float64Array, scale: number, codes: Float64Array): number;
  /** Atoms that were screened out of the last row. */
  isOut: Uint8Array;
}

/** Share of the gap that each coordinate of the working set may leave, so that the set is solved a little beyond the need. */
const INNER = 0.03;
/** Smallest number of atoms that enter the working set at a time. */
const SMALLEST_SET = 10;

/** Cyclic coordinate descent on a growing working set; where the loops are scalar, with gap-safe screening. */
export function rowSolver({ gram, alpha, positive, tolerance, maxSweeps }: RowProblem): RowSolver {
  const l = alpha.length;
  const isFree = alpha.includes(0);
  const simd = gram instanceof Float32Array ? simdLoop(gram, l) : undefined;
  const [floats, ints] = [() => new Float64Array(l), () => new Int32Array(l)];
  const [z, local, slope] = [floats(), floats(), floats()];
  const c = simd?.c ?? floats();
  const [set, support, candidates] = [ints(), ints(), ints()];
  const [isOut, isIn] = [new Uint8Array(l), new Uint8Array(l)];
  const curvature = Float64Array.from(alpha, (_, j) => gram[j * l + j]!);
  const norms = curvature.map(Math.sqrt);
  let block = new Float64Array(400);

  const shrunk = (x: number, weight: number) => {
    if (x > weight) return x - weight;
    return !positive && x < -weight ? x + weight : 0;
  };

  /** $c = b - Hz$; answers how many coefficients are not zero. */
  const correlate = (target: Float64Array): number => {
    c.set(target);
    let count = 0;
    for (let j = 0; j < l; j++) if (z[j] !== 0) support[count++] = j;
    if (simd) simd.subtract(support, count, z);
    else {
      for (let a = 0; a < count; a++) {
        const row = support[a]! * l;
        const value = z[support[a]!]!;
        for (let k = 0; k < l; k++) c[k]! -= value * gram[row + k]!;
      }
    }
    return count;
  };

  /**
   * Duality gap, the factor $\rho$ that makes the residual feasible, and the number of atoms whose slope is above their weight.
   *
   * $\frac12 (1-\rho)^2 r^2 + \sum_j (\alpha_j |z_j| - \rho z_j c_j)$: the usual difference of primal and dual value after the
   * large terms have cancelled on paper. Where an atom has weight 0 there is no feasible point short of the solution, and what
   * single coordinates can still gain stands in.
   */
  const measure = (target: Float64Array, scale: number, count: number) => {
    let [found, rho, gains] = [0, 1, 0];
    for (let j = 0; j < l; j++) {
      const size = positive ? c[j]! : Math.abs(c[j]!);
      if (size <= alpha[j]!) continue;
      candidates[found++] = j;
      if (size * rho > alpha[j]!) rho = alpha[j]! / size;
    }
    for (let j = 0; isFree && j < l; j++) {
      if (curvature[j]! <= 0) continue;
      const step = shrunk(c[j]! + curvature[j]! * z[j]!, alpha[j]!) / curvature[j]! - z[j]!;
      gains += 0.5 * curvature[j]! * step * step;
    }
    if (isFree) return { gap: gains, rho: 0, found };
    let [squared, slack] = [scale, 0];
    for (let a = 0; a < count; a++) {
      const j = support[a]!;
      squared -= z[j]! * (target[j]! + c[j]!);
      slack += alpha[j]! * Math.abs(z[j]!) - rho * z[j]! * c[j]!;
    }
    return { gap: Math.max(0, 0.5 * (1 - rho) * (1 - rho) * Math.max(0, squared) + slack), rho, found };
  };

  /** Moves the largest violators into the set; answers its size. */
  const enter = (count: number, found: number, room: number): number => {
    let left = 0;
    for (let i = 0; i < found; i++) {
      const j = candidates[i]!;
      if (isIn[j] === 1 || isOut[j] === 1) continue;
      candidates[left] = j;
      local[left++] = Math.abs(c[j]!) - alpha[j]!;
    }
    let size = count;
    for (; size < count + room && left > 0; size++) {
      let best = 0;
      if (left > count + room - size) for (let i = 1; i < left; i++) if (local[i]! > local[best]!) best = i;
      set[size] = candidates[best]!;
      isIn[set[size]!] = 1;
      left--;
      candidates[best] = candidates[left]!;
      local[best] = local[left]!;
    }
    return size;
  };

  /** Cyclic coordinate descent inside the set; answers the sweeps it took. */
  const descend = (n: number, limit: number, most: number): number => {
    if (block.length < n * n) block = new Float64Array(2 * n * n);
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
        const row = a * n;
        const own = block[row + a]!;
        if (own <= 0) continue;
        const old = local[a]!;
        const next = shrunk(slope[a]! + own * old, alpha[set[a]!]!) / own;
        const change = next - old;
        if (change === 0) continue;
        local[a] = next;
        for (let b = 0; b < n; b++) slope[b]! -= change * block[row + b]!;
        const gain = change * change * own;
        if (gain > largest) largest = gain;
      }
      if (largest < limit || sweep >= most) break;
    }
    for (let a = 0; a < n; a++) z[set[a]!] = local[a]!;
    return sweep;
  };

  return {
    isOut,
    gap(target, scale, codes) {
      z.set(codes);
      return measure(target, scale, correlate(target)).gap;
    },
    solve(target, scale, codes) {
      z.set(codes);
      isOut.fill(0);
      isIn.fill(0);
      // In double precision differences of this size are rounding.
      const limit = Math.max(tolerance, 1e-15) * scale;
      let [n, sweeps] = [0, 0];
      for (;;) {
        const count = correlate(target);
        const { gap, rho, found } = measure(target, scale, count);
        if (gap <= limit || sweeps >= maxSweeps) {
          codes.set(z);
          return { gap, sweeps };
        }
        let kept = 0;
        for (let a = 0; a < n; a++) {
          const j = set[a]!;
          if (z[j] === 0) isIn[j] = 0;
          else set[kept++] = j;
        }
        n = kept;
        for (let a = 0; n < count; a++) {
          const j = support[a]!;
          if (isIn[j] === 1) continue;
          isIn[j] = 1;
          set[n++] = j;
        }
        // Vectors are over all atoms sooner than it is told which to leave out.
        if (!simd && rho > 0) {
          const radius = Math.sqrt(2 * gap);
          for (let j = 0; j < l; j++) {
            const slope = positive ? c[j]! : Math.abs(c[j]!);
            if (z[j] === 0 && rho * slope + radius * norms[j]! < alpha[j]!) isOut[j] = 1;
          }
        }
        n = enter(n, found, Math.max(1, Math.max(SMALLEST_SET, 2 * count) - n));
        sweeps += n === 0 ? 1 : descend(n, (INNER * Math.max(gap, limit)) / n, maxSweeps - sweeps);
      }
    },
  };
}
