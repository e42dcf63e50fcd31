import * as tf from "@tensorflow/tfjs-core";
import type { RowAccess } from "../pricing/row-access.js";
import { type FirstOrderVariant, firstOrderStep, pointsOf, startWeights } from "../solver/first-order.js";
import type { Pauses } from "./pause.js";

const PRICE_EVERY = 10;

/**
 * Runs first-order steps on the working sets of a block of queries; every ten steps all rows are priced.
 *
 * @returns For each query a direction that separates in floating point, or `null` after `iterations` steps.
 */
export async function firstOrderStage(
  access: RowAccess,
  queries: readonly Float64Array[],
  initial: readonly Int32Array[],
  columnScale: Float64Array,
  variant: FirstOrderVariant,
  iterations: number,
  pauses: Pauses,
): Promise<(Float64Array | null)[]> {
  const { d } = access;
  const k = Math.max(...initial.map((rows) => rows.length));
  const batch = queries.length;
  const values = new Float32Array(batch * k * d);
  for (let b = 0; b < batch; b++) {
    const rows = await access.read(initial[b]!);
    const size = initial[b]!.length;
    // Shorter working sets repeat their rows.
    for (let s = 0; s < k; s++) {
      for (let j = 0; j < d; j++) {
        values[(b * k + s) * d + j] = (rows[(s % size) * d + j]! - queries[b]![j]!) * columnScale[j]!;
      }
    }
  }
  const normals = new Array<Float64Array | null>(batch).fill(null);
  const vertices = tf.tensor3d(values, [batch, k, d]);
  let weights = startWeights(vertices);
  try {
    for (let step = 1; step <= iterations; step++) {
      const next = firstOrderStep({ vertices, weights }, variant);
      weights.dispose();
      weights = next;
      if (step % PRICE_EVERY !== 0 && step !== iterations) continue;
      const point = pointsOf({ vertices, weights });
      const p = await point.data();
      point.dispose();
      for (let b = 0; b < batch; b++) {
        if (normals[b] !== null) continue;
        const w = Float64Array.from({ length: d }, (_, j) => -p[b * d + j]! * columnScale[j]!);
        const { largest } = await access.price(w, queries[b]!, Number.POSITIVE_INFINITY, 0);
        if (largest < 0) normals[b] = w;
      }
      await pauses.ifDue();
      if (normals.every((normal) => normal !== null)) break;
    }
  } finally {
    vertices.dispose();
    weights.dispose();
  }
  return normals;
}
