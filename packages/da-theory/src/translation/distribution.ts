import { ArgumentError, checkNumber } from "@lab/core";
import { normalCdf } from "../audit/special.js";

/** Law of a parameter, as plain data. */
export type Distribution =
  | { kind: "uniform"; low: number; high: number }
  | { kind: "normal"; mean: number; sd: number }
  | { kind: "point"; value: number };

/** Uniform law on [low, high]. */
export function uniform(low: number, high: number): Distribution {
  checkNumber("uniform", "low", low);
  checkNumber("uniform", "high", high);
  if (low > high)
    throw new ArgumentError(`uniform: low is ${low} and high is ${high}; low must not exceed high`, {
      argument: "low",
      value: low,
    });
  return low === high ? { kind: "point", value: low } : { kind: "uniform", low, high };
}

/** Normal law. */
export function normal(mean: number, sd: number): Distribution {
  checkNumber("normal", "mean", mean);
  checkNumber("normal", "sd", sd, { min: 0 });
  return sd === 0 ? { kind: "point", value: mean } : { kind: "normal", mean, sd };
}

/** A single value. */
export function point(value: number): Distribution {
  return { kind: "point", value: checkNumber("point", "value", value) };
}

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

const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** Moments 0, 1, 2 of `t - f` over the cell [f, f + 1]. */
function cellMoments(law: Distribution, f: number): [number, number, number] {
  if (law.kind === "point") {
    const r = law.value - f;
    return r >= 0 && r < 1 ? [1, r, r * r] : [0, 0, 0];
  }
  if (law.kind === "uniform") {
    const a = Math.max(law.low - f, 0);
    const b = Math.min(law.high - f, 1);
    if (b <= a) return [0, 0, 0];
    const scale = 1 / (law.high - law.low);
    return [(b - a) * scale, ((b ** 2 - a ** 2) / 2) * scale, ((b ** 3 - a ** 3) / 3) * scale];
  }
  const { mean, sd } = law;
  const l = (f - mean) / sd;
  const r = (f + 1 - mean) / sd;
  const p0 = l > 0 ? normalCdf(-l) - normalCdf(-r) : normalCdf(r) - normalCdf(l);
  const e1 = sd * (density(l) - density(r));
  const e2 = sd * sd * (p0 + l * density(l) - r * density(r));
  const shift = mean - f;
  return [p0, e1 + shift * p0, e2 + 2 * shift * e1 + shift * shift * p0];
}

/**
 * Exact weights of integer shifts under bilinear interpolation. A normal law is cut at 9 standard deviations.
 *
 * @param law - Law of the translation in pixels.
 * @returns Weights in float64.
 */
export function shiftMasses(law: Distribution): ShiftMasses {
  const [low, high] =
    law.kind === "point"
      ? [law.value, law.value]
      : law.kind === "uniform"
        ? [law.low, law.high]
        : [law.mean - 9 * law.sd, law.mean + 9 * law.sd];
  const first = Math.floor(low);
  const cells = Math.max(1, Math.ceil(high) - first);
  const g = new Float64Array(cells + 1);
  const diagonal = new Float64Array(cells + 1);
  const coupling = new Float64Array(cells + 1);
  const add = (array: Float64Array, i: number, value: number): void => {
    array[i] = (array[i] as number) + value;
  };
  for (let i = 0; i < cells; i++) {
    const [m0, m1, m2] = cellMoments(law, first + i);
    add(g, i, m0 - m1);
    add(g, i + 1, m1);
    add(diagonal, i, m0 - 2 * m1 + m2);
    add(diagonal, i + 1, m2);
    add(coupling, i, m1 - m2);
  }
  return { first, g, diagonal, coupling };
}
