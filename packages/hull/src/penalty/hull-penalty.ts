import { ArgumentError, checkRank, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { ConvexHull } from "../hull/convex-hull.js";

/** Rows that carry the nearest point of each query, padded to one length: plain arrays, nothing to dispose. */
export interface ActiveSets {
  /** Row of the points, `[queries * width]`; 0 where padded. */
  index: Int32Array;
  /** Weight of that row; 0 where padded, and for queries inside. */
  weight: Float32Array;
  /** Rows kept for a query. */
  width: number;
  /** 1 for queries outside, 0 for queries inside. */
  outside: Float32Array;
}

/** Result of {@link hullDistance}. */
export interface HullDistanceResult {
  /** Distances, shape `[queries]`; the tensor belongs to the caller. */
  value: tf.Tensor1D;
  /** What {@link hullPenalty} needs. */
  active: ActiveSets;
}

/**
 * Distances of queries from the hull of points, with the active sets that make them differentiable.
 *
 * @param queries - Shape `[M, d]`.
 * @param points - Shape `[N, d]`.
 * @returns Distances, solved in double precision, and active sets for {@link hullPenalty}.
 * @throws `ShapeError` when the columns differ.
 */
export async function hullDistance(queries: tf.Tensor2D, points: tf.Tensor2D): Promise<HullDistanceResult> {
  checkPair("hullDistance", queries, points);
  const hull = await ConvexHull.from(points);
  const result = await hull.distance(queries);
  hull.dispose();
  const count = result.distance.length;
  let width = 1;
  for (let i = 0; i < count; i++) width = Math.max(width, result.support(i).index.length);
  const active: ActiveSets = {
    index: new Int32Array(count * width),
    weight: new Float32Array(count * width),
    width,
    outside: Float32Array.from(result.distance, (value) => (value > 0 ? 1 : 0)),
  };
  for (let i = 0; i < count; i++) {
    const { index, weight } = result.support(i);
    active.index.set(index, i * width);
    active.weight.set(weight, i * width);
  }
  return { value: tf.tensor1d(Float32Array.from(result.distance)), active };
}

/**
 * Distance of each query from the combination of rows in its active set, differentiable in queries and points.
 *
 * $D = \|q - \sum_i \lambda_i x_i\|$, $\nabla_q D = (q - p)/D$, $\nabla_{x_i} D = -\lambda_i (q - p)/D$; 0 inside.
 *
 * @param queries - Shape `[M, d]`.
 * @param points - Shape `[N, d]`.
 * @param active - From {@link hullDistance} for the same queries and points.
 * @returns Shape `[M]`; the tensor belongs to the caller.
 * @throws `ShapeError` when the columns differ; `ArgumentError` when the active sets are for another number of queries.
 * @remarks The active set is held fixed, which is exact to first order (the envelope theorem): solve again after a step.
 */
export function hullPenalty(queries: tf.Tensor2D, points: tf.Tensor2D, active: ActiveSets): tf.Tensor1D {
  checkPair("hullPenalty", queries, points);
  const [m, d] = queries.shape;
  const { width } = active;
  if (active.outside.length !== m) {
    throw new ArgumentError(
      `hullPenalty: active is for ${active.outside.length} queries; ${m} were expected; call hullDistance for these queries`,
      { argument: "active", value: active.outside.length },
    );
  }
  const penalty = tf.customGrad((q, x, save) => {
    const offset = tf.tidy(() => {
      const rows = tf.reshape(tf.gather(x as tf.Tensor2D, tf.tensor1d(active.index, "int32")), [m, width, d]);
      const weight = tf.tensor3d(active.weight, [m, 1, width]);
      const point = tf.reshape(tf.matMul(weight, rows), [m, d]);
      return tf.mul(tf.sub(q as tf.Tensor2D, point), tf.tensor2d(active.outside, [m, 1]));
    });
    const value = tf.tidy(() => tf.sqrt(tf.sum(tf.square(offset), 1)));
    (save as tf.GradSaveFunc)([offset, value]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [difference, distance] = saved as [tf.Tensor2D, tf.Tensor1D];
        const unit = tf.div(difference, tf.expandDims(tf.maximum(distance, 1e-30), 1));
        const gradient = tf.mul(unit, tf.expandDims(dy, 1)) as tf.Tensor2D;
        const spread = tf.reshape(
          tf.matMul(tf.tensor3d(active.weight, [m, width, 1]), tf.expandDims(gradient, 1)),
          [m * width, d],
        );
        const numPoints = points.shape[0];
        const toPoints = tf.neg(tf.unsortedSegmentSum(spread, tf.tensor1d(active.index, "int32"), numPoints));
        return [gradient, toPoints];
      },
    };
  });
  return penalty(queries, points) as tf.Tensor1D;
}

function checkPair(caller: string, queries: tf.Tensor2D, points: tf.Tensor2D): void {
  checkRank(caller, "queries", queries, 2);
  checkRank(caller, "points", points, 2);
  if (queries.shape[1] === points.shape[1]) return;
  throw new ShapeError(
    `${caller}: queries have ${queries.shape[1]} columns but the points live in R^${points.shape[1]}; the numbers of columns must be equal`,
    { argument: "queries", shape: queries.shape },
  );
}
