import { together } from "../passes/together.js";
import type { RowAccess } from "../pricing/row-access.js";
import type { Pauses } from "../run/pauses.js";
import { norm, powerOfTwo, search } from "../solver/search.js";
import { decideMembership } from "./cascade.js";
import type { HullContext, QueryRun } from "./context.js";
import { workingSets } from "./working-sets.js";

/** Gauges of queries: g ≤ 1 inside, affine-invariant. */
export interface Gauges {
  /** g_c(q) = inf{t > 0 : c + (q − c)/t in the hull}; infinite off the span of the points. */
  gauge: Float64Array;
  /** Lower bounds: that of the last separating direction. */
  lower: Float64Array;
  /** Upper bounds: the gauge where the ray was followed into the hull, infinite where the centre is not interior. */
  upper: Float64Array;
  /** Calls of the membership oracle for each query. */
  calls: Int32Array;
}

/** Gauges of queries about a centre. */
export async function gaugesOf(
  context: HullContext,
  queries: Float64Array,
  m: number,
  center: Float64Array,
  run: QueryRun,
  onDone: (count: number) => void,
): Promise<Gauges> {
  const { rows, prepared } = context;
  const { d } = rows;
  let reach = 0;
  for (let j = 0; j < d; j++) reach += (center[j]! - prepared.center[j]!) ** 2;
  const scale = prepared.scale + Math.sqrt(reach) || 1;
  const result: Gauges = {
    gauge: new Float64Array(m),
    lower: new Float64Array(m),
    upper: new Float64Array(m),
    calls: new Int32Array(m),
  };
  const { findings } = await decideMembership(context, center, 1, run, () => {});
  const isInterior = findings[0]!.certificate.kind === "inside";
  const group = context.searchesAtOnce;
  for (let from = 0; from < m; from += group) {
    const part = Array.from({ length: Math.min(group, m - from) }, (_, k) => from + k);
    const initial = await workingSets(context, queries, part, run);
    await together(rows, run.passes, part.length, async (k, access) => {
      const i = part[k]!;
      const query = queries.slice(i * d, (i + 1) * d);
      const found = await gaugeOf(access, query, center, scale, initial[k]!, run.pauses);
      result.gauge[i] = found.gauge;
      result.lower[i] = found.lower;
      result.upper[i] = isInterior || found.gauge === 0 ? found.upper : Number.POSITIVE_INFINITY;
      result.calls[i] = found.calls;
      onDone(1);
      await run.pauses.ifDue();
    });
  }
  return result;
}

/** Follows the ray from the centre through a query until it enters the hull. */
async function gaugeOf(
  access: RowAccess,
  query: Float64Array,
  center: Float64Array,
  scale: number,
  initial: Int32Array,
  pauses: Pauses,
): Promise<{ gauge: number; lower: number; upper: number; calls: number }> {
  const { d } = access;
  const direction = query.map((value, j) => value - center[j]!);
  const length = norm(direction);
  if (length === 0) return { gauge: 0, lower: 0, upper: 0, calls: 0 };
  const columnScale = new Float64Array(d).fill(1 / powerOfTwo(scale));
  // Beyond the ball that holds all points.
  let s = (4 * scale) / length;
  let working = initial;
  for (let calls = 1; calls <= 60; calls++) {
    const z = direction.map((value, j) => center[j]! + s * value);
    const found = await search(
      {
        d,
        query: z,
        columnScale,
        initial: working,
        read: (index) => access.read(index),
        price: (w, threshold, limit) => access.price(w, z, threshold, limit),
      },
      { mode: "distance", relativeGap: 1e-9, maxPasses: 60 },
      pauses,
    );
    const { normal } = found;
    if (normal === null || found.outcome !== "separated" || found.upper <= 1e-13 * scale) {
      return { gauge: 1 / s, lower: 1 / s, upper: 1 / s, calls };
    }
    const { largest } = await access.price(normal, center, Number.POSITIVE_INFINITY, 0);
    let rise = 0;
    for (let j = 0; j < d; j++) rise += normal[j]! * direction[j]!;
    if (!(largest > 1e-13 * norm(normal) * scale)) {
      // The centre lies on or beyond this plane.
      const off = rise > 0 ? Number.POSITIVE_INFINITY : 1 / s;
      return {
        gauge: off,
        lower: off === Number.POSITIVE_INFINITY ? off : 0,
        upper: Number.POSITIVE_INFINITY,
        calls,
      };
    }
    const next = largest / rise;
    if (!(next < s * (1 - 1e-13))) return { gauge: 1 / s, lower: 1 / s, upper: 1 / s, calls };
    s = next;
    working = found.working;
    await pauses.ifDue();
  }
  return { gauge: 1 / s, lower: 1 / s, upper: Number.POSITIVE_INFINITY, calls: 60 };
}
