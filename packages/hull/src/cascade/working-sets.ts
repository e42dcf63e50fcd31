import { TopRows } from "../pricing/top-rows.js";
import type { HullContext, QueryRun } from "./context.js";

/** Queries whose working sets are found in one pass. */
const AT_ONCE = 128;

/** Working sets to start from: the rows furthest along the first direction and the nearest by standard deviations. */
export async function workingSets(
  context: HullContext,
  queries: Float64Array,
  part: readonly number[],
  run: QueryRun,
): Promise<Int32Array[]> {
  if (part.length > AT_ONCE) {
    const head = await workingSets(context, queries, part.slice(0, AT_ONCE), run);
    return [...head, ...(await workingSets(context, queries, part.slice(AT_ONCE), run))];
  }
  const { n, d } = context.rows;
  const { affineDim, covariance, active, center } = context.prepared;
  if (part.length === 0) return [];
  if (n <= 2 * (4 * affineDim + 50)) {
    const all = Int32Array.from({ length: n }, (_, i) => i);
    return part.map(() => all);
  }
  const a = active.length;
  const count = part.length;
  const directions = new Float64Array(2 * count * d);
  directions.set(context.directions(queries, part));
  const inverse = new Float64Array(d);
  for (let c = 0; c < a; c++) inverse[active[c]!] = 1 / (covariance[c * a + c]! || 1);
  for (const [k, i] of part.entries()) {
    for (let j = 0; j < d; j++) {
      directions[(count + k) * d + j] = (queries[i * d + j]! - center[j]!) * inverse[j]!;
    }
  }
  context.flops += 4 * n * d * count;
  const { far, near } = await run.passes.run("firstRows", {
    center,
    directions,
    count,
    inverse,
    // Few far rows: they matter to queries that are outside, and those the first direction has mostly decided.
    far: Math.ceil(affineDim / 2) + 16,
    near: 2 * affineDim + 32,
    withSimd: run.engine !== "js",
  });
  const ascending = (rows: number[]) => [...rows].sort((x, y) => x - y);
  return part.map((_, k) =>
    Int32Array.from(new Set([...ascending(near[k]!.rows), ...ascending(far[k]!.rows)])),
  );
}

/** The `size` rows nearest to a query in scaled coordinates, ascending; rows in memory. */
export function nearestRows(
  data: Float64Array,
  n: number,
  d: number,
  q: Float64Array,
  scale: Float64Array,
  size: number,
): Int32Array {
  const top = new TopRows(size);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < d; j++) {
      const z = (data[i * d + j]! - q[j]!) * scale[j]!;
      sum += z * z;
    }
    top.offer(-sum, i);
  }
  return top.result();
}
