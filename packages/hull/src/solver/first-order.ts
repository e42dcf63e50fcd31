import * as tf from "@tensorflow/tfjs-core";

/** Variants of the Frank–Wolfe method. */
export type FirstOrderVariant = "pfw" | "afw" | "fw" | "triangle";

/** Batched state: weights of the working sets. */
export interface FirstOrderState {
  /** Working sets, shape `[batch, k, d]`. */
  vertices: tf.Tensor3D;
  /** Weights, shape `[batch, k]`. */
  weights: tf.Tensor2D;
}

/** Rows with a single 1. The wasm kernel writes integers into a float32 result, hence the cast. */
function maskOf(index: tf.Tensor, k: number): tf.Tensor2D {
  return tf.cast(tf.oneHot(tf.cast(index, "int32"), k), "float32") as tf.Tensor2D;
}

/** Starts every query at the shortest vertex of its working set; the weights belong to the caller. */
export function startWeights(vertices: tf.Tensor3D): tf.Tensor2D {
  return tf.tidy(() => {
    const k = vertices.shape[1];
    const squared = tf.sum(tf.square(vertices), 2);
    return maskOf(tf.argMin(squared, 1), k);
  });
}

/** Current points Σλy, shape `[batch, d]`. */
export function pointsOf({ vertices, weights }: FirstOrderState): tf.Tensor2D {
  return tf.tidy(() => {
    const [batch, , d] = vertices.shape;
    return tf.reshape(tf.matMul(tf.expandDims(weights, 1), vertices), [batch, d]);
  });
}

/**
 * One step of every query at once: two batched products, the best and the worst vertex, an exact line search.
 *
 * γ = clip(−p·δ/‖δ‖², 0, γ_max): δ = y_j − p and γ_max = 1 for a Frank–Wolfe step; p − y_a and λ_a/(1 − λ_a) for an
 * away step; y_j − y_a and λ_a for a pairwise one.
 *
 * @returns New weights, shape `[batch, k]`, that belong to the caller.
 */
export function firstOrderStep(
  { vertices, weights }: FirstOrderState,
  variant: FirstOrderVariant,
): tf.Tensor2D {
  return tf.tidy(() => {
    const [batch, k, d] = vertices.shape;
    const p = pointsOf({ vertices, weights });
    const scores = tf.reshape(tf.matMul(vertices, tf.expandDims(p, 2)), [batch, k]);
    const toward = maskOf(tf.argMin(scores, 1), k);
    const carried = tf.where(tf.greater(weights, 0), scores, tf.fill([batch, k], -3e38));
    const away = maskOf(tf.argMax(carried, 1), k);
    const awayWeight = tf.sum(tf.mul(away, weights), 1, true);
    const pick = (mask: tf.Tensor2D) => tf.reshape(tf.matMul(tf.expandDims(mask, 1), vertices), [batch, d]);
    // Change of the weights per unit of step, and the longest step that keeps them non-negative.
    let change: tf.Tensor = tf.sub(toward, weights);
    let direction: tf.Tensor = tf.sub(pick(toward), p);
    let longest: tf.Tensor = tf.onesLike(awayWeight);
    if (variant === "pfw") {
      change = tf.sub(toward, away);
      direction = tf.sub(pick(toward), pick(away));
      longest = awayWeight;
    } else if (variant === "afw") {
      const awayDirection = tf.sub(p, pick(away));
      const slope = tf.sum(tf.mul(p, direction), 1, true);
      const awaySlope = tf.sum(tf.mul(p, awayDirection), 1, true);
      const useAway = tf.logicalAnd(tf.less(awaySlope, slope), tf.less(awayWeight, 1));
      change = tf.where(useAway, tf.sub(weights, away), change);
      direction = tf.where(useAway, awayDirection, direction);
      const room = tf.div(awayWeight, tf.maximum(tf.sub(1, awayWeight), 1e-12));
      longest = tf.where(useAway, room, longest);
    } else if (variant === "triangle") {
      // A pivot is a vertex at least as near to 0 as to p: y·p ≤ ‖p‖²/2. Without one p separates.
      const squared = tf.sum(tf.square(p), 1, true);
      const least = tf.min(scores, 1, true);
      longest = tf.cast(tf.lessEqual(least, tf.mul(squared, 0.5)), "float32");
    }
    const size = tf.maximum(tf.sum(tf.square(direction), 1, true), 1e-30);
    const step = tf.minimum(
      tf.maximum(tf.div(tf.neg(tf.sum(tf.mul(p, direction), 1, true)), size), 0),
      longest,
    );
    const moved = tf.maximum(tf.add(weights, tf.mul(step, change)), 0);
    return tf.div(moved, tf.sum(moved, 1, true)) as tf.Tensor2D;
  });
}
