import type { HullContext } from "./context.js";
import type { Finding } from "./finding.js";

/** A query outside the range of a column: proven by comparison; `null` when it is within all. */
export function outOfRange(context: HullContext, q: Float64Array): Finding | null {
  const { min, max } = context.prepared;
  let best = -1;
  let excess = 0;
  for (let j = 0; j < q.length; j++) {
    const over = Math.max(q[j]! - max[j]!, min[j]! - q[j]!);
    if (over > excess) {
      excess = over;
      best = j;
    }
  }
  if (best < 0) return null;
  const side = q[best]! > max[best]! ? 1 : -1;
  const normal = new Float64Array(q.length);
  normal[best] = side;
  return {
    certificate: {
      kind: "outside",
      normal,
      offset: side > 0 ? max[best]! : -min[best]!,
      margin: excess,
      proof: "proven",
      bound: 0,
    },
    lower: excess,
    upper: Math.max(context.upperBound(q), excess),
    stage: 0,
    passes: 0,
  };
}

/** A query equal to a row. */
export function equalRow(row: number): Finding {
  return {
    certificate: {
      kind: "inside",
      index: Int32Array.of(row),
      weight: Float64Array.of(1),
      residual: 0,
      proof: "exact",
      bound: 0,
    },
    lower: 0,
    upper: 0,
    stage: 0,
    passes: 0,
  };
}
