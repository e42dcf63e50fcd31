import { ArgumentError, checkFinite, checkInteger, checkNumber } from "@lab/core";
import { MinNorm } from "./min-norm.js";

/** Options of {@link minNormPoint}. */
export interface MinNormPointOptions {
  /** Stops when ‖p‖² − min_i y_i·p is at most this times ‖p‖². @defaultValue 1e-12 */
  tolerance?: number;
  /** Most additions to the corral. @defaultValue 40 (d + 10) */
  maxIterations?: number;
}

/** Result of {@link minNormPoint}. */
export interface MinNormPointResult {
  /** The point of smallest norm, shape `[d]`. */
  point: Float64Array;
  /** Vertices that carry it, in ascending order. */
  index: Int32Array;
  /** Their weights: positive, sum 1. */
  weight: Float64Array;
  /** ‖p‖² − min_i y_i·p; zero at the exact solution. */
  gap: number;
  /** Vertices added to the corral. */
  iterations: number;
}

/**
 * Point of smallest norm in the convex hull of the rows, in double precision.
 *
 * $\min_{\lambda \ge 0, \sum\lambda = 1} \|Y^\top\lambda\|$
 *
 * @param vertices - The rows, shape `[n, d]`.
 * @param n - Number of rows.
 * @param d - Number of columns.
 * @param options - See {@link MinNormPointOptions}.
 * @returns The point, its weights and the remaining gap.
 * @throws `ArgumentError` when the array does not hold `n * d` finite numbers.
 * @remarks One iteration costs n·d + k·d with k ≤ d + 1 vertices in the corral. Pure and synchronous.
 * @see Wolfe (1976), Finding the nearest point in a polytope.
 * @example
 * ```ts
 * import { minNormPoint } from "@lab/hull";
 *
 * const segment = Float64Array.of(2, 1, 2, -1);
 * const { point, weight } = minNormPoint(segment, 2, 2);
 * [...point]; // => [2, 0]
 * [...weight]; // => [0.5, 0.5]
 * ```
 */
export function minNormPoint(
  vertices: Float64Array,
  n: number,
  d: number,
  options: MinNormPointOptions = {},
): MinNormPointResult {
  checkInteger("minNormPoint", "n", n, { min: 1 });
  checkInteger("minNormPoint", "d", d, { min: 1 });
  const tolerance = checkNumber("minNormPoint", "tolerance", options.tolerance ?? 1e-12, { above: 0 });
  const maxIterations = checkInteger(
    "minNormPoint",
    "maxIterations",
    options.maxIterations ?? 40 * (d + 10),
    {
      min: 1,
    },
  );
  if (vertices.length !== n * d) {
    throw new ArgumentError(
      `minNormPoint: vertices has ${vertices.length} values; ${n * d} were expected for [${n},${d}]`,
      { argument: "vertices", value: vertices.length },
    );
  }
  checkFinite("minNormPoint", "vertices", vertices);
  const solver = new MinNorm(d, n);
  solver.add(vertices);
  solver.run(tolerance, maxIterations);
  const order = solver.corral.map((_, s) => s).sort((a, b) => solver.corral[a]! - solver.corral[b]!);
  return {
    point: solver.point,
    index: Int32Array.from(order, (s) => solver.corral[s]!),
    weight: Float64Array.from(order, (s) => solver.weights[s]!),
    gap: solver.gap,
    iterations: solver.iterations,
  };
}
