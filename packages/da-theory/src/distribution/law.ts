import { ArgumentError } from "@lab/core";
import { normalCdf } from "../audit/special.js";
import { type Distribution, discrete, normal, point, triangular, uniform } from "./distribution.js";

/** Beyond this many standard deviations a normal law has a mass of 2e-19. */
const NORMAL_REACH = 9;

const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

/** Refuses what is not a law; laws written as JSON pass the checks of their factories. */
export function checkLaw(caller: string, argument: string, law: Distribution): Distribution {
  switch (law?.kind) {
    case "uniform":
      return uniform(law.low, law.high);
    case "normal":
      return normal(law.mean, law.sd);
    case "triangular":
      return triangular(law.low, law.mode, law.high);
    case "discrete":
      return discrete(law.values, law.probabilities);
    case "point":
      return point(law.value);
    default:
      throw new ArgumentError(
        `${caller}: ${argument} is ${JSON.stringify(law)}; a law made by uniform, normal, triangular, discrete or point was expected`,
        { argument, value: law },
      );
  }
}

/** Smallest interval that holds the law; a normal one is cut at 9 standard deviations. */
export function support(law: Distribution): [low: number, high: number] {
  switch (law.kind) {
    case "point":
      return [law.value, law.value];
    case "discrete":
      return [Math.min(...law.values), Math.max(...law.values)];
    case "normal":
      return [law.mean - NORMAL_REACH * law.sd, law.mean + NORMAL_REACH * law.sd];
    default:
      return [law.low, law.high];
  }
}

/** Mean and variance of a law. */
export function lawMoments(law: Distribution): { mean: number; variance: number } {
  switch (law.kind) {
    case "point":
      return { mean: law.value, variance: 0 };
    case "normal":
      return { mean: law.mean, variance: law.sd ** 2 };
    case "uniform":
      return { mean: (law.low + law.high) / 2, variance: (law.high - law.low) ** 2 / 12 };
    case "triangular": {
      const { low: a, mode: c, high: b } = law;
      return { mean: (a + b + c) / 3, variance: (a * a + b * b + c * c - a * b - a * c - b * c) / 18 };
    }
    case "discrete": {
      const mean = law.values.reduce((sum, value, i) => sum + value * law.probabilities[i]!, 0);
      const variance = law.values.reduce((sum, v, i) => sum + (v - mean) ** 2 * law.probabilities[i]!, 0);
      return { mean, variance };
    }
  }
}

/** Density of a continuous law. */
export function lawDensity(law: Distribution, t: number): number {
  switch (law.kind) {
    case "uniform":
      return t >= law.low && t <= law.high ? 1 / (law.high - law.low) : 0;
    case "normal":
      return density((t - law.mean) / law.sd) / law.sd;
    case "triangular": {
      const { low, mode, high } = law;
      if (t < low || t > high) return 0;
      if (t === mode) return 2 / (high - low);
      return t < mode
        ? (2 * (t - low)) / ((high - low) * (mode - low))
        : (2 * (high - t)) / ((high - low) * (high - mode));
    }
    default:
      return 0;
  }
}

/** Moments 0, 1, 2 of `t - from` over [from, to). */
export function cellMoments(law: Distribution, from: number, to: number): [number, number, number] {
  switch (law.kind) {
    case "point":
    case "discrete": {
      const [values, weights] = law.kind === "point" ? [[law.value], [1]] : [law.values, law.probabilities];
      const m: [number, number, number] = [0, 0, 0];
      for (const [i, value] of values.entries()) {
        const r = value - from;
        if (r < 0 || value >= to) continue;
        m[0] += weights[i]!;
        m[1] += weights[i]! * r;
        m[2] += weights[i]! * r * r;
      }
      return m;
    }
    case "normal": {
      const { mean, sd } = law;
      const l = (from - mean) / sd;
      const r = (to - mean) / sd;
      const p0 = l > 0 ? normalCdf(-l) - normalCdf(-r) : normalCdf(r) - normalCdf(l);
      const e1 = sd * (density(l) - density(r));
      const e2 = sd * sd * (p0 + l * density(l) - r * density(r));
      const shift = mean - from;
      return [p0, e1 + shift * p0, e2 + 2 * shift * e1 + shift * shift * p0];
    }
    case "uniform":
      return linearDensityMoments(law, Math.max(from, law.low), Math.min(to, law.high), from);
    case "triangular": {
      const left = linearDensityMoments(law, Math.max(from, law.low), Math.min(to, law.mode), from);
      const right = linearDensityMoments(law, Math.max(from, law.mode), Math.min(to, law.high), from);
      return [left[0] + right[0], left[1] + right[1], left[2] + right[2]];
    }
  }
}

/** Moments of `t - origin` over [a, b], where the density is linear. */
function linearDensityMoments(
  law: Distribution,
  a: number,
  b: number,
  origin: number,
): [number, number, number] {
  if (b <= a) return [0, 0, 0];
  // The density is taken inside, where it is continuous even next to a vertical flank.
  const [at, to] = [a + (b - a) / 4, b - (b - a) / 4];
  const slope = (lawDensity(law, to) - lawDensity(law, at)) / (to - at);
  const base = lawDensity(law, at) - slope * (at - origin);
  const [u, v] = [a - origin, b - origin];
  const power = (k: number) => (v ** k - u ** k) / k;
  return [
    base * power(1) + slope * power(2),
    base * power(2) + slope * power(3),
    base * power(3) + slope * power(4),
  ];
}

/** The value below which a law has the mass `u`, for u in [0, 1). */
export function quantile(law: Distribution, u: number): number {
  switch (law.kind) {
    case "point":
      return law.value;
    case "uniform":
      return law.low + (law.high - law.low) * u;
    case "normal":
      return law.mean + law.sd * standardNormalQuantile(u);
    case "triangular": {
      const { low, mode, high } = law;
      const split = (mode - low) / (high - low);
      return u < split
        ? low + Math.sqrt(u * (high - low) * (mode - low))
        : high - Math.sqrt((1 - u) * (high - low) * (high - mode));
    }
    case "discrete": {
      let mass = 0;
      for (const [i, p] of law.probabilities.entries()) {
        mass += p;
        if (u < mass) return law.values[i]!;
      }
      return law.values[law.values.length - 1]!;
    }
  }
}

/** Acklam's rational approximation and one step of Halley's method; exact to rounding. */
function standardNormalQuantile(u: number): number {
  const p = Math.min(Math.max(u, 1e-17), 1 - 1e-16);
  const a = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
    2.506628277459239,
  ];
  const b = [
    -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572,
  ];
  const c = [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const poly = (k: readonly number[], x: number) => k.reduce((sum, value) => sum * x + value, 0);
  const tail = (q: number) => poly(c, q) / poly([...d, 1], q);
  let z: number;
  if (p < 0.02425) z = tail(Math.sqrt(-2 * Math.log(p)));
  else if (p > 1 - 0.02425) z = -tail(Math.sqrt(-2 * Math.log1p(-p)));
  else {
    const q = p - 0.5;
    const r = q * q;
    z = (poly(a, r) * q) / poly([...b, 1], r);
  }
  const error = (normalCdf(z) - p) / density(z);
  return z - error / (1 + (z * error) / 2);
}
