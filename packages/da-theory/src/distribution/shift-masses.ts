import type { Distribution } from "./distribution.js";
import { cellMoments, checkLaw, support } from "./law.js";

/** Weights of integer shifts: `g_s = E φ(t - s)` and the tridiagonal mass matrix `E φ(t - s) φ(t - s')`. */
export interface ShiftMasses {
  /** The shift of the first entry. */
  first: number;
  /** `g`, one entry for each shift. */
  g: Float64Array;
  /** Diagonal of the mass matrix. */
  diagonal: Float64Array;
  /** Entry i couples shift i and i + 1. */
  coupling: Float64Array;
}

/**
 * Exact weights of integer shifts under bilinear interpolation.
 *
 * With the cell moments $m_k = \int_f^{f+1} (t-f)^k p(t)\,dt$: $g_f \mathrel{+}= m_0 - m_1$, $g_{f+1} \mathrel{+}= m_1$,
 * $G_{ff} \mathrel{+}= m_0 - 2m_1 + m_2$, $G_{f+1,f+1} \mathrel{+}= m_2$, $G_{f,f+1} \mathrel{+}= m_1 - m_2$.
 *
 * @param law - Law of the translation in pixels.
 * @returns Weights in float64.
 * @throws {@link ArgumentError} when `law` is not a law.
 * @remarks A normal law is cut at 9 standard deviations.
 */
export function shiftMasses(law: Distribution): ShiftMasses {
  const checked = checkLaw("shiftMasses", "law", law);
  const [low, high] = support(checked);
  const first = Math.floor(low);
  const isDiscrete = checked.kind === "point" || checked.kind === "discrete";
  const cells = isDiscrete ? Math.floor(high) - first + 1 : Math.max(1, Math.ceil(high) - first);
  const g = new Float64Array(cells + 1);
  const diagonal = new Float64Array(cells + 1);
  const coupling = new Float64Array(cells + 1);
  for (let i = 0; i < cells; i++) {
    const [m0, m1, m2] = cellMoments(checked, first + i, first + i + 1);
    g[i]! += m0 - m1;
    g[i + 1]! += m1;
    diagonal[i]! += m0 - 2 * m1 + m2;
    diagonal[i + 1]! += m2;
    coupling[i]! += m1 - m2;
  }
  return { first, g, diagonal, coupling };
}
