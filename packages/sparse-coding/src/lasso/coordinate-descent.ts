import { rowSums } from "./row-sums.js";

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
  /** Atoms that were screened out of the last row. */
  isOut: Uint8Array;
}

/** Share of the gap that each coordinate of the working set may leave, so that the set is solved a little beyond the need. */
const INNER = 0.03;
/** Smallest number of atoms that enter the working set at a time. */
const SMALLEST_SET = 10;

/** Cyclic coordinate descent on a growing working set; where the loops are scalar, with gap-safe screening. */
export function rowSolver(p: RowProblem): RowSolver {
  const work = workFor(p);
  return {
    isOut: work.isOut,
    solve: (target, scale, codes) => solveRow(work, p, target, scale, codes),
  };
}

/** Duality gap of a row from $b$, $\lVert y \rVert^2$ and its codes. */
export function rowGap(p: RowProblem): (target: Float64Array, scale: number, codes: Float64Array) => number {
  const work = workFor(p);
  return (target, scale, codes) => {
    const n = begin(work, codes);
    return measure(work, correlate(work, target, scale, n), n).gap;
  };
}

// Functions of the module, not of a solver: those that are made anew for each call would run uncompiled again and again.

type Work = ReturnType<typeof workFor>;

/** What a gap depends on; coefficients outside of the set are zero. */
export type Measured = Pick<
  Work,
  "alpha" | "positive" | "isFree" | "curvature" | "z" | "c" | "set" | "candidates"
>;

function workFor({ gram, alpha, positive }: RowProblem) {
  const l = alpha.length;
  const sums = rowSums(gram, l);
  const [floats, ints, flags] = [() => new Float64Array(l), () => new Int32Array(l), () => new Uint8Array(l)];
  const curvature = Float64Array.from(alpha, (_, j) => gram[j * l + j]!);
  return {
    ...{ gram, alpha, positive, sums, curvature },
    isFree: alpha.includes(0),
    norms: curvature.map(Math.sqrt),
    z: floats(),
    c: sums.c,
    local: floats(),
    slope: floats(),
    block: new Float64Array(400),
    set: ints(),
    candidates: ints(),
    isOut: flags(),
    isIn: flags(),
  };
}

function shrunk(x: number, weight: number, positive: boolean): number {
  if (x > weight) return x - weight;
  return !positive && x < -weight ? x + weight : 0;
}

/** $c = b - Hz$ for coefficients that are zero outside of the first `n` of the set; answers the squared residual. */
function correlate({ sums, c, z, set }: Work, target: Float64Array, scale: number, n: number): number {
  c.set(target);
  sums.subtract(set, n, z);
  let squared = scale;
  for (let a = 0; a < n; a++) squared -= z[set[a]!]! * (target[set[a]!]! + c[set[a]!]!);
  return squared;
}

/** Begins with given codes; answers the size of the set. */
function begin({ z, set, isIn, isOut }: Work, codes: Float32Array | Float64Array): number {
  z.set(codes);
  isIn.fill(0);
  isOut.fill(0);
  let n = 0;
  for (let j = 0; j < z.length; j++) {
    if (z[j] === 0) continue;
    isIn[j] = 1;
    set[n++] = j;
  }
  return n;
}

/**
 * Duality gap, the factor $\rho$ that makes the residual feasible, and the number of atoms whose slope is above their weight.
 *
 * $\frac12 (1-\rho)^2 r^2 + \sum_j (\alpha_j |z_j| - \rho z_j c_j)$: the usual difference of primal and dual value after the
 * large terms have cancelled on paper. Where an atom has weight 0 there is no feasible point short of the solution, and what
 * single coordinates can still gain stands in.
 */
export function measure(
  { alpha, positive, isFree, curvature, z, c, set, candidates }: Measured,
  squared: number,
  n: number,
) {
  const l = z.length;
  let [found, rho, gains] = [0, 1, 0];
  for (let j = 0; j < l; j++) {
    const size = positive ? c[j]! : Math.abs(c[j]!);
    if (size <= alpha[j]!) continue;
    candidates[found++] = j;
    if (size * rho > alpha[j]!) rho = alpha[j]! / size;
  }
  for (let j = 0; isFree && j < l; j++) {
    if (curvature[j]! <= 0) continue;
    const step = shrunk(c[j]! + curvature[j]! * z[j]!, alpha[j]!, positive) / curvature[j]! - z[j]!;
    gains += 0.5 * curvature[j]! * step * step;
  }
  if (isFree) return { gap: gains, rho: 0, found };
  let slack = 0;
  for (let a = 0; a < n; a++) {
    const j = set[a]!;
    slack += alpha[j]! * Math.abs(z[j]!) - rho * z[j]! * c[j]!;
  }
  return { gap: Math.max(0, 0.5 * (1 - rho) * (1 - rho) * Math.max(0, squared) + slack), rho, found };
}

/** Puts the largest violators into the set, largest first; answers its size. */
function enter(
  { alpha, c, local, set, candidates, isIn, isOut }: Work,
  count: number,
  found: number,
  room: number,
): number {
  let size = count;
  for (let i = 0; i < found; i++) {
    const j = candidates[i]!;
    if (isIn[j] === 1 || isOut[j] === 1) continue;
    const excess = Math.abs(c[j]!) - alpha[j]!;
    if (size < count + room) size++;
    else if (excess <= local[size - 1]!) continue;
    let a = size - 1;
    for (; a > count && local[a - 1]! < excess; a--) {
      local[a] = local[a - 1]!;
      set[a] = set[a - 1]!;
    }
    local[a] = excess;
    set[a] = j;
  }
  for (let a = count; a < size; a++) isIn[set[a]!] = 1;
  return size;
}

/** Cyclic coordinate descent inside the set; answers the sweeps it took. */
function descend(work: Work, n: number, limit: number, most: number): number {
  const { gram, alpha, positive, z, c, local, slope, set } = work;
  const l = z.length;
  if (work.block.length < n * n) work.block = new Float64Array(2 * n * n);
  const { block } = work;
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
      const next = shrunk(slope[a]! + own * old, alpha[set[a]!]!, positive) / own;
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
}

/** Solves one row. */
function solveRow(
  work: Work,
  { tolerance, maxSweeps }: RowProblem,
  target: Float64Array,
  scale: number,
  codes: Float32Array | Float64Array,
): RowOutcome {
  const { alpha, positive, sums, norms, z, c, set, isIn, isOut } = work;
  const l = z.length;
  // In double precision differences of this size are rounding.
  const limit = Math.max(tolerance, 1e-15) * scale;
  let [n, sweeps] = [begin(work, codes), 0];
  for (;;) {
    const { gap, rho, found } = measure(work, correlate(work, target, scale, n), n);
    if (gap <= limit || sweeps >= maxSweeps) {
      codes.set(z);
      return { gap, sweeps };
    }
    // Vectors are over all atoms sooner than it is told which to leave out.
    if (!sums.isSimd && rho > 0) {
      const radius = Math.sqrt(2 * gap);
      for (let j = 0; j < l; j++) {
        const slope = positive ? c[j]! : Math.abs(c[j]!);
        if (z[j] === 0 && rho * slope + radius * norms[j]! < alpha[j]!) isOut[j] = 1;
      }
    }
    n = enter(work, n, found, Math.max(SMALLEST_SET - n, n, 1));
    sweeps += n === 0 ? 1 : descend(work, n, (INNER * Math.max(gap, limit)) / n, maxSweeps - sweeps);
    let kept = 0;
    for (let a = 0; a < n; a++) {
      const j = set[a]!;
      if (z[j] === 0) isIn[j] = 0;
      else set[kept++] = j;
    }
    n = kept;
  }
}
