import { choleskyHost, triangularSolveHost } from "@lab/core/linalg";
import type { Prepared } from "../cascade/prepare.js";

/** Coordinates in which the covariance with its ridge is the identity; constant columns are only centred. */
export function whitenedBy(
  { active, covariance, center }: Prepared,
  ridge: number,
  d: number,
): (values: Float64Array) => Float64Array {
  const a = active.length;
  const factor =
    a === 0 ? new Float64Array(0) : choleskyHost(covariance, a, { jitter: Math.max(ridge, 1e-14) });
  return (values) => {
    const m = values.length / d;
    const columns = new Float64Array(a * m);
    for (let i = 0; i < m; i++) {
      for (let c = 0; c < a; c++) columns[c * m + i] = values[i * d + active[c]!]! - center[active[c]!]!;
    }
    const z = a === 0 ? columns : triangularSolveHost(factor, columns, a, m);
    const out = new Float64Array(m * d);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < d; j++) out[i * d + j] = values[i * d + j]! - center[j]!;
      for (let c = 0; c < a; c++) out[i * d + active[c]!] = z[c * m + i]!;
    }
    return out;
  };
}
