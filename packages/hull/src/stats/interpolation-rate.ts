import { ConvexHull } from "../hull/convex-hull.js";
import type { RateEstimate } from "../hull/membership.js";
import type { HullOptions, QueryOptions } from "../hull/options.js";
import type { Points } from "../points/points.js";

/**
 * Share of the test samples that lie in the convex hull of the training samples.
 *
 * @param train - Shape `[N, d]`.
 * @param test - Shape `[M, d]`.
 * @param options - Those of the hull and of the queries.
 * @returns Counts, duplicates apart, rate and its Wilson interval at 95 %.
 * @throws `ShapeError` and `ArgumentError` as `ConvexHull.from` and `contains` do.
 * @example
 * ```ts
 * import { interpolationRate } from "@lab/hull";
 *
 * const train = { data: Float64Array.of(0, 0, 1, 0, 0, 1), shape: [3, 2] as [number, number] };
 * const test = { data: Float64Array.of(0.2, 0.2, 1, 0, 3, 3), shape: [3, 2] as [number, number] };
 * const { inside, duplicates, outside } = await interpolationRate(train, test);
 * [inside, duplicates, outside]; // => [2, 1, 1]
 * ```
 */
export async function interpolationRate(
  train: Points,
  test: Points,
  options: HullOptions & QueryOptions = {},
): Promise<RateEstimate> {
  const hull = await ConvexHull.from(train, options);
  try {
    return (await hull.contains(test, options)).rate;
  } finally {
    hull.dispose();
  }
}
