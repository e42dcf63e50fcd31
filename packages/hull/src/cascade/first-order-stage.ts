import * as tf from "@tensorflow/tfjs-core";
import { together } from "../passes/together.js";
import { readRows } from "../points/points.js";
import { type FirstOrderVariant, firstOrderStep, pointsOf, startWeights } from "../solver/first-order.js";
import type { HullContext, QueryRun } from "./context.js";
import type { Finding } from "./finding.js";
import { proveOutside } from "./prove-outside.js";
import { workingSets } from "./working-sets.js";

const PRICE_EVERY = 10;
const GROUP = 64;

/** Stage 2: batched steps on tensors; only proven rejections count, the others go on. */
export async function firstOrder(
  context: HullContext,
  queries: Float64Array,
  survivors: readonly number[],
  findings: (Finding | undefined)[],
  run: QueryRun,
): Promise<number[]> {
  const { solver, firstOrder: iterations, certify } = run.query;
  const variant = solver === "afw" || solver === "fw" || solver === "triangle" ? solver : "pfw";
  const { d } = context.rows;
  const left: number[] = [];
  for (let from = 0; from < survivors.length; from += GROUP) {
    const part = survivors.slice(from, from + GROUP);
    const rows = part.map((i) => queries.slice(i * d, (i + 1) * d));
    const initial = await workingSets(context, queries, part, run);
    const normals = await separatingDirections(context, rows, initial, variant, iterations, run);
    await together(context.rows, run.passes, part.length, async (k, access) => {
      const [i, normal, row] = [part[k]!, normals[k]!, rows[k]!];
      const outside = normal === null ? null : await proveOutside(access, row, normal, certify, 2, 2);
      if (outside === null) left.push(i);
      else findings[i] = { ...outside, upper: Math.max(context.upperBound(row), outside.lower) };
    });
  }
  return left.sort((a, b) => a - b);
}

/** For each query a direction that separates in floating point, or `null` after `iterations` steps on its working set. */
async function separatingDirections(
  { rows, prepared }: HullContext,
  queries: readonly Float64Array[],
  initial: readonly Int32Array[],
  variant: FirstOrderVariant,
  iterations: number,
  { passes, pauses }: QueryRun,
): Promise<(Float64Array | null)[]> {
  const { d } = rows;
  const { columnScale } = prepared;
  const k = Math.max(...initial.map((working) => working.length));
  const batch = queries.length;
  const values = new Float32Array(batch * k * d);
  for (let b = 0; b < batch; b++) {
    const read = await readRows(rows, initial[b]!);
    const size = initial[b]!.length;
    // Shorter working sets repeat their rows.
    for (let s = 0; s < k; s++) {
      for (let j = 0; j < d; j++) {
        values[(b * k + s) * d + j] = (read[(s % size) * d + j]! - queries[b]![j]!) * columnScale[j]!;
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
      const open = Array.from({ length: batch }, (_, b) => b).filter((b) => normals[b] === null);
      await together(rows, passes, open.length, async (o, access) => {
        const b = open[o]!;
        const w = Float64Array.from({ length: d }, (_, j) => -p[b * d + j]! * columnScale[j]!);
        const { largest } = await access.price(w, queries[b]!, Number.POSITIVE_INFINITY, 0);
        if (largest < 0) normals[b] = w;
      });
      await pauses.ifDue();
      if (normals.every((normal) => normal !== null)) break;
    }
  } finally {
    vertices.dispose();
    weights.dispose();
  }
  return normals;
}
