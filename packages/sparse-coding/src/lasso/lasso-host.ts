import { ArgumentError, checkFinite, checkInteger, checkNumber } from "@lab/core";
import { gramHost, type HostProblem } from "../inference/gram-host.js";
import { rowGap, rowSolver } from "./coordinate-descent.js";

/** Options of {@link lassoHost}. */
export interface LassoHostOptions {
  /** Weight $\alpha$ of the l1 norm. */
  alpha: number;
  /** Weight of half the squared norm of the codes. @defaultValue 0 */
  l2?: number;
  /** Whether codes are non-negative. @defaultValue false */
  positive?: boolean;
  /** Gap relative to the squared norm of a row at which it ends. @defaultValue 1e-12 */
  tolerance?: number;
  /** Most sweeps of a row. @defaultValue 10000 */
  maxIterations?: number;
  /** Start, `[rows, codeDim]`. @defaultValue zeros */
  init?: Float64Array;
}

/** Result of {@link lassoHost}. */
export interface LassoHostResult {
  /** Codes, `[rows, codeDim]`. */
  codes: Float64Array;
  /** Duality gap of each row; with `alpha` 0, where there is none, what single coordinates can still gain. */
  gap: Float64Array;
  /** Sweeps of each row. */
  iterations: Int32Array;
}

/**
 * Lasso of every row in double precision, by coordinate descent.
 *
 * $\min_z \frac12 \lVert y - D z \rVert^2 + \alpha \lVert z \rVert_1 + \frac{l_2}{2} \lVert z \rVert^2$
 *
 * @param problem - Data and dictionary.
 * @param options - See {@link LassoHostOptions}.
 * @returns See {@link LassoHostResult}.
 * @throws {@link ArgumentError} for arguments that do not fit.
 */
export function lassoHost(problem: HostProblem, options: LassoHostOptions): LassoHostResult {
  const { y, rows, dataDim, codeDim: l } = problem;
  const alpha = checkNumber("lassoHost", "alpha", options.alpha, { min: 0 });
  const l2 = checkNumber("lassoHost", "l2", options.l2 ?? 0, { min: 0 });
  const tolerance = checkNumber("lassoHost", "tolerance", options.tolerance ?? 1e-12, { min: 0 });
  const maxIterations = checkInteger("lassoHost", "maxIterations", options.maxIterations ?? 10_000, {
    min: 1,
  });
  for (const [name, values, length] of [
    ["problem.y", y, rows * dataDim],
    ["problem.dictionary", problem.dictionary, dataDim * l],
    ["init", options.init, rows * l],
  ] as const) {
    if (!values) continue;
    if (values.length !== length) {
      throw new ArgumentError(`lassoHost: ${name} has ${values.length} values; ${length} were expected`, {
        argument: name,
        value: values.length,
      });
    }
    checkFinite("lassoHost", name, values);
  }
  const { gram, target } = gramHost(problem, 1);
  for (let j = 0; j < l; j++) gram[j * l + j]! += l2;
  const codes = options.init ? options.init.slice() : new Float64Array(rows * l);
  const gap = new Float64Array(rows);
  const iterations = new Int32Array(rows);
  const weights = new Float64Array(l).fill(alpha);
  const solver = rowSolver({
    gram,
    alpha: weights,
    positive: options.positive ?? false,
    tolerance,
    maxSweeps: maxIterations,
  });
  for (let n = 0; n < rows; n++) {
    const outcome = solver.solve(
      target.subarray(n * l, (n + 1) * l),
      squaredNorm(y.subarray(n * dataDim, (n + 1) * dataDim)),
      codes.subarray(n * l, (n + 1) * l),
    );
    gap[n] = outcome.gap;
    iterations[n] = outcome.sweeps;
  }
  return { codes, gap, iterations };
}

/** Sum of squares. */
function squaredNorm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return sum;
}

/** Duality gap of each row for codes that are given; `gram` holds the ridge. */
export function gapsHost(
  gram: Float64Array,
  target: Float64Array,
  scales: Float64Array,
  codes: Float64Array,
  alpha: Float64Array,
  positive: boolean,
): Float64Array {
  const l = alpha.length;
  const gapOf = rowGap({ gram, alpha, positive, tolerance: 0, maxSweeps: 0 });
  return scales.map((scale, n) =>
    gapOf(target.subarray(n * l, (n + 1) * l), scale, codes.subarray(n * l, (n + 1) * l)),
  );
}
