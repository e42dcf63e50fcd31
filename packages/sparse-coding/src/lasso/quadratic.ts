import { checkAborted, NumericalError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { softThreshold } from "../prox/soft-threshold.js";

/** Rows with a common curvature: $\frac12 z^\top H z - b_i^\top z + \frac12 yy_i + \lambda \lVert z \rVert_1$ each. */
export interface Quadratic {
  /** $H$, `[l, l]`. */
  matrix: tf.Tensor2D;
  /** $b_i$ by row, `[N, l]`. */
  target: tf.Tensor2D;
  /** $yy_i$, `[N]`; gaps are relative to it. */
  scale: tf.Tensor1D;
  sparsity: number;
  positive: boolean;
}

/** How rows are solved. */
export interface QuadraticOptions {
  /** Step, at most 1/L for a descent. */
  step: number;
  /** Constant momentum, 0 for none; `undefined` takes the classical sequence. */
  momentum: number | undefined;
  /** Whether momentum of a row is dropped when it points uphill. */
  restart: boolean;
  /** What ends a row: its relative gap or its relative change. */
  stop: "gap" | "change";
  tolerance: number;
  maxIterations: number;
  checkEvery: number;
  /** Start, `[N, l]`. */
  init: tf.Tensor2D;
  signal?: AbortSignal | undefined;
  /** Multiplies codes by a matrix. @defaultValue the engine's product */
  product?: (a: tf.Tensor2D, b: tf.Tensor2D) => tf.Tensor2D;
  /** Finishes a step in one kernel, where the backend can; without it the engine's own kernels do. */
  finish?: typeof byCalls | undefined;
  /** Called at each check with the largest relative gap or change of the rows that are not done; `true` stops. */
  onCheck?: (iteration: number, change: number) => unknown;
}

/** Rows solved. */
export interface QuadraticResult {
  codes: tf.Tensor2D;
  /** Duality gap of each row, with `stop: "gap"`. */
  gap: Float64Array;
  /** Iterations of each row. */
  iterations: Int32Array;
  /** Largest relative gap or change of a row when it ended, and that row. */
  change: number;
  row: number;
  converged: boolean;
}

/** Rows that are not done, and what moves with them. */
export type Part = {
  target: tf.Tensor2D;
  scale: tf.Tensor1D;
  /** $\eta b$. */
  offset: tf.Tensor2D;
  codes: tf.Tensor2D;
  ahead: tf.Tensor2D;
  /** Counter of the classical momentum, `[n]`. */
  clock: tf.Tensor1D;
  /** Codes before the last iteration. */
  last: tf.Tensor2D;
};

/** Fewer rows than this are not worth a compaction. */
const SMALLEST_PART = 16;

/**
 * Accelerated proximal gradient descent of many rows on the device; the tensors of the caller stay.
 *
 * Rows that are done leave the batch when fewer than half remain: they neither cost nor move any more.
 */
export async function solveQuadratic(p: Quadratic, o: QuadraticOptions): Promise<QuadraticResult> {
  const rows = p.target.shape[0];
  const gap = new Float64Array(rows);
  const iterations = new Int32Array(rows);
  const done: { codes: tf.Tensor2D; rows: Int32Array }[] = [];
  const folded = tf.tidy(() => tf.sub(tf.eye(p.matrix.shape[0]), tf.mul(p.matrix, o.step))) as tf.Tensor2D;
  let open = Int32Array.from({ length: rows }, (_, i) => i);
  let part = start(p, o);
  try {
    let [iteration, converged, change, worstRow] = [0, false, Number.POSITIVE_INFINITY, 0];
    while (iteration < o.maxIterations && !converged) {
      checkAborted(o.signal);
      const count = Math.min(o.checkEvery, o.maxIterations - iteration);
      for (let i = 0; i < count; i++) part = iterate(p, folded, part, o);
      iteration += count;
      const figures = tf.tidy(() =>
        o.stop === "gap"
          ? tf.concat([rowGaps(p, part, o.step), part.scale])
          : tf.reshape(relativeChange(tf.sub(part.codes, part.last), part.last), [-1]),
      );
      const values = await figures.data();
      figures.dispose();
      change = 0;
      const stays: number[] = [];
      for (let i = 0; i < open.length; i++) {
        const row = open[i]!;
        iterations[row] = iteration;
        let own = values[i]!;
        if (Number.isNaN(own)) throw diverged(iteration, o.step);
        if (o.stop === "gap") {
          gap[row] = Math.max(0, own);
          const scale = values[open.length + i]!;
          own = scale > 0 ? own / scale : 0;
        }
        if (own > change) [change, worstRow] = [own, row];
        if (own > o.tolerance) stays.push(i);
      }
      converged = stays.length === 0;
      if (o.onCheck?.(iteration, change) === true) break;
      if (!converged && open.length > SMALLEST_PART && 2 * stays.length < open.length) {
        const staying = new Set(stays);
        const leaves = Int32Array.from(open.keys()).filter((i) => !staying.has(i));
        done.push({ codes: gatherRows(part.codes, leaves), rows: leaves.map((i) => open[i]!) });
        part = take(part, Int32Array.from(stays));
        open = Int32Array.from(stays, (i) => open[i]!);
      }
    }
    done.push({ codes: tf.clone(part.codes), rows: open });
    return { codes: assemble(done, rows), gap, iterations, change, row: worstRow, converged };
  } finally {
    tf.dispose([folded, ...Object.values(part), ...done.map((d) => d.codes)]);
  }
}

function start(p: Quadratic, o: QuadraticOptions): Part {
  const rows = p.target.shape[0];
  return tf.tidy(() => ({
    target: tf.clone(p.target),
    scale: tf.clone(p.scale),
    offset: tf.mul(p.target, o.step) as tf.Tensor2D,
    codes: tf.clone(o.init),
    ahead: tf.clone(o.init),
    clock: tf.ones([rows]) as tf.Tensor1D,
    last: tf.clone(o.init),
  }));
}

const gatherRows = (x: tf.Tensor2D, indices: Int32Array) =>
  tf.tidy(() => tf.gather(x, tf.tensor1d(indices, "int32")));

/** The rows of a part at some places; frees the part. */
function take(part: Part, indices: Int32Array): Part {
  const taken = tf.tidy(() => {
    const at = tf.tensor1d(indices, "int32");
    const entries = Object.entries(part).map(([name, x]) => [name, tf.gather(x, at)]);
    return Object.fromEntries(entries) as Part;
  });
  tf.dispose(Object.values(part));
  return taken;
}

function assemble(pieces: readonly { codes: tf.Tensor2D; rows: Int32Array }[], rows: number): tf.Tensor2D {
  if (pieces.length === 1) return tf.clone(pieces[0]!.codes);
  const place = new Int32Array(rows);
  let at = 0;
  for (const piece of pieces) for (const row of piece.rows) place[row] = at++;
  return tf.tidy(() => tf.gather(tf.concat(pieces.map((piece) => piece.codes)), tf.tensor1d(place, "int32")));
}

/** One iteration; frees what it replaces. */
function iterate(p: Quadratic, folded: tf.Tensor2D, old: Part, o: QuadraticOptions): Part {
  const [codes, ahead, clock] = tf.tidy(() => {
    const product = (o.product ?? tf.matMul)(old.ahead, folded) as tf.Tensor2D;
    return (o.finish ?? byCalls)(p, product, old, o);
  });
  tf.dispose([old.last, old.ahead, old.clock]);
  return { ...old, codes, ahead, clock, last: old.codes };
}

/** Codes, point ahead and clock after an iteration. */
export type Moved = [codes: tf.Tensor2D, ahead: tf.Tensor2D, clock: tf.Tensor1D];

/** Ends an iteration by the engine's own kernels. */
function byCalls(p: Quadratic, product: tf.Tensor2D, old: Part, o: QuadraticOptions): Moved {
  const at = tf.add(product, old.offset);
  const codes = softThreshold(at, o.step * p.sparsity, { positive: p.positive }) as tf.Tensor2D;
  if (o.momentum === 0) return [codes, tf.clone(codes), tf.clone(old.clock)];
  const moved = tf.sub(codes, old.codes);
  const keep = o.restart
    ? tf.sub(1, tf.step(tf.sum(tf.mul(tf.sub(old.ahead, codes), moved), 1)))
    : tf.onesLike(old.clock);
  let [factor, clock]: tf.Tensor[] = [tf.mul(keep, o.momentum ?? 1), tf.clone(old.clock)];
  if (o.momentum === undefined) {
    const grown = tf.mul(tf.add(1, tf.sqrt(tf.add(1, tf.mul(4, tf.square(old.clock))))), 0.5);
    factor = tf.mul(tf.div(tf.sub(old.clock, 1), grown), keep);
    // A row that restarts begins to count anew.
    clock = tf.add(tf.mul(tf.sub(grown, 1), keep), 1);
  }
  const ahead = tf.add(codes, tf.mul(moved, tf.reshape(factor!, [-1, 1])));
  return [codes, ahead as tf.Tensor2D, clock as tf.Tensor1D];
}

/** Change of each row relative to its size before, `[n, 1]`; a row that was and is zero has not changed. */
export function relativeChange(moved: tf.Tensor, before: tf.Tensor): tf.Tensor2D {
  const size = tf.add(tf.sum(tf.square(before), 1, true), 1e-20);
  return tf.sqrt(tf.div(tf.sum(tf.square(moved), 1, true), size)) as tf.Tensor2D;
}

/**
 * Duality gap of each row, `[n]`: $\frac12 (1-\rho)^2 r^2 + \sum_j (\lambda |z_j| - \rho z_j c_j)$, $c = b - zH$; runs in a tidy.
 *
 * This form, in which the large terms have cancelled on paper, is exact to float32 near the solution. Without an l1 term
 * there is no gap, and what a gradient step gains stands in.
 */
function rowGaps(p: Quadratic, { target, scale, codes }: Part, step: number): tf.Tensor1D {
  const correlation = tf.sub(target, tf.matMul(codes, p.matrix));
  if (p.sparsity === 0) {
    const ahead = tf.add(codes, tf.mul(correlation, step));
    const moved = tf.sub(p.positive ? tf.relu(ahead) : ahead, codes);
    return tf.div(tf.sum(tf.square(moved), 1), 2 * step) as tf.Tensor1D;
  }
  const squared = tf.relu(tf.sub(scale, tf.sum(tf.mul(codes, tf.add(target, correlation)), 1)));
  const largest = tf.max(p.positive ? correlation : tf.abs(correlation), 1, true);
  // 1 where the residual is feasible already.
  const rho = tf.div(p.sparsity, tf.maximum(largest, p.sparsity));
  const slack = tf.sub(tf.mul(tf.abs(codes), p.sparsity), tf.mul(tf.mul(codes, correlation), rho));
  const rest = tf.mul(tf.square(tf.sub(1, tf.reshape(rho, [-1]))), tf.mul(squared, 0.5));
  return tf.add(rest, tf.sum(slack, 1)) as tf.Tensor1D;
}

/** Error of an iteration that left the numbers. */
export const diverged = (iteration: number, step: number) =>
  new NumericalError(
    `infer: the energy is not finite after ${iteration} iterations with step 1/L, L = ${1 / step}; a finite energy was expected; use step "auto"`,
    { iteration, residual: Number.NaN },
  );
