import { ArgumentError, checkChoice, checkInteger, checkNumber } from "@lab/core";
import { gapsHost } from "../lasso/lasso-host.js";
import { gramHost, type HostProblem } from "./gram-host.js";

/** Options of {@link inferHost}; weights are in the mean scaling. */
export interface InferHostOptions {
  /** Weight of the l1 norm. */
  sparsity: number;
  /** Weight of the variance hinge. @defaultValue 0 */
  variance?: number;
  /** Deviation T. @defaultValue 0.5 */
  varianceThreshold?: number;
  /** Weight of the distance to the prediction. @defaultValue 0 */
  prediction?: number;
  /** @defaultValue `"ista"` */
  method?: "ista" | "fista" | "cccp";
  /** Whether codes are non-negative. @defaultValue true */
  positive?: boolean;
  /** Step size. @defaultValue 1/L */
  step?: number;
  /** Iterations, outer ones for `"cccp"`. @defaultValue 200 */
  iterations?: number;
  /** Start, `[rows, codeDim]`. @defaultValue zeros */
  init?: Float64Array;
  /** Receives the energy after each iteration. */
  onIteration?: (iteration: number, energy: number) => void;
}

/** Result of {@link inferHost}. */
export interface InferHostResult {
  /** Codes, `[rows, codeDim]`. */
  codes: Float64Array;
  /** Energy of the codes, mean scaling. */
  energy: number;
  /** Duality gap of each row, mean scaling; without a variance term. */
  gap?: Float64Array;
  /** Lipschitz constant of the smooth part: $\frac2d\sigma_{\max}^2 + \frac{2\beta}{N-1} + \frac{2\gamma}{l}$. */
  lipschitz: number;
}

/** Largest eigenvalue of a symmetric positive semi-definite matrix, by power iteration to machine precision. */
export function largestEigenvalueHost(matrix: Float64Array, size: number): number {
  let vector = Float64Array.from({ length: size }, (_, i) => 1 + ((i * 7919) % 13) / 13);
  let value = 0;
  for (let i = 0; i < 20_000; i++) {
    const image = new Float64Array(size);
    for (let r = 0; r < size; r++) {
      let sum = 0;
      for (let c = 0; c < size; c++) sum += matrix[r * size + c]! * vector[c]!;
      image[r] = sum;
    }
    const norm = Math.hypot(...image);
    if (norm === 0) return 0;
    for (let r = 0; r < size; r++) image[r]! /= norm;
    vector = image;
    if (Math.abs(norm - value) <= 1e-15 * norm && i > 20) return norm;
    value = norm;
  }
  return value;
}

interface Smooth {
  value(z: Float64Array): number;
  gradient(z: Float64Array): Float64Array;
}

/**
 * Variance-regularised inference in double precision: the reference for the device's {@link infer}.
 *
 * @param problem - See {@link HostProblem}.
 * @param options - See {@link InferHostOptions}.
 * @returns See {@link InferHostResult}.
 * @throws {@link ArgumentError} for arguments that do not fit.
 * @remarks Fixed numbers of iterations and no restarts; meant for small problems.
 */
export function inferHost(problem: HostProblem, options: InferHostOptions): InferHostResult {
  const { rows, codeDim: l, dataDim: d, predicted } = problem;
  const lambda = checkNumber("inferHost", "sparsity", options.sparsity, { min: 0 });
  const beta = checkNumber("inferHost", "variance", options.variance ?? 0, { min: 0 });
  const threshold = checkNumber("inferHost", "varianceThreshold", options.varianceThreshold ?? 0.5, {
    above: 0,
  });
  const gamma = checkNumber("inferHost", "prediction", options.prediction ?? 0, { min: 0 });
  const method = checkChoice("inferHost", "method", options.method ?? "ista", ["ista", "fista", "cccp"]);
  const iterations = checkInteger("inferHost", "iterations", options.iterations ?? 200, { min: 0 });
  const positive = options.positive ?? true;
  if (beta > 0 && rows < 2) {
    throw new ArgumentError(`inferHost: rows is ${rows}; at least 2 were expected, variance > 0 needs them`, {
      argument: "rows",
      value: rows,
    });
  }
  const { gram, target } = gramHost(problem, 2 / d);
  let constant = 0;
  for (const value of problem.y) constant += (value * value) / d;
  const quadratic: Smooth = {
    value(z) {
      let sum = constant;
      for (let n = 0; n < rows; n++) {
        for (let i = 0; i < l; i++) {
          let product = 0;
          for (let j = 0; j < l; j++) product += gram[i * l + j]! * z[n * l + j]!;
          sum += z[n * l + i]! * (0.5 * product - target[n * l + i]!);
        }
      }
      if (predicted && gamma > 0) {
        for (let i = 0; i < z.length; i++) sum += (gamma / l) * (z[i]! - predicted[i]!) ** 2;
      }
      return sum;
    },
    gradient(z) {
      const out = new Float64Array(z.length);
      for (let n = 0; n < rows; n++) {
        for (let i = 0; i < l; i++) {
          let product = -target[n * l + i]!;
          for (let j = 0; j < l; j++) product += gram[i * l + j]! * z[n * l + j]!;
          out[n * l + i] = product;
        }
      }
      if (predicted && gamma > 0) {
        for (let i = 0; i < z.length; i++) out[i]! += ((2 * gamma) / l) * (z[i]! - predicted[i]!);
      }
      return out;
    },
  };
  const moments = (z: Float64Array) => {
    const mean = new Float64Array(l);
    const std = new Float64Array(l);
    for (let i = 0; i < z.length; i++) mean[i % l]! += z[i]! / rows;
    for (let i = 0; i < z.length; i++) std[i % l]! += (z[i]! - mean[i % l]!) ** 2 / (rows - 1);
    return { mean, std: std.map(Math.sqrt) };
  };
  const hinge: Smooth = {
    value(z) {
      if (beta === 0) return 0;
      return moments(z).std.reduce((sum, s) => sum + beta * Math.max(0, threshold - s) ** 2, 0);
    },
    gradient(z) {
      const out = new Float64Array(z.length);
      if (beta === 0) return out;
      const { mean, std } = moments(z);
      const pull = std.map((s) =>
        s > 1e-8 ? (2 * beta * Math.max(0, threshold - s)) / ((rows - 1) * s) : 0,
      );
      for (let i = 0; i < z.length; i++) out[i] = -pull[i % l]! * (z[i]! - mean[i % l]!);
      return out;
    },
  };
  const lipschitz =
    largestEigenvalueHost(gram, l) + (beta > 0 ? (2 * beta) / (rows - 1) : 0) + (2 * gamma) / l;
  const step = options.step ?? 1 / lipschitz;
  const prox = (x: number) => {
    if (positive) return Math.max(0, x - step * lambda);
    return Math.sign(x) * Math.max(0, Math.abs(x) - step * lambda) || 0;
  };
  const descend = (at: Float64Array, slope: Float64Array): Float64Array =>
    at.map((v, i) => prox(v - step * slope[i]!));
  const energyOf = (z: Float64Array) =>
    quadratic.value(z) + hinge.value(z) + lambda * z.reduce((sum, v) => sum + Math.abs(v), 0);
  let codes: Float64Array = Float64Array.from(options.init ?? new Float64Array(rows * l));
  let ahead: Float64Array = codes;
  let clock = 1;
  for (let k = 1; k <= iterations; k++) {
    if (method === "cccp") codes = convexSolve(codes);
    else {
      const slope = quadratic.gradient(ahead);
      const pull = hinge.gradient(ahead);
      const next = descend(
        ahead,
        slope.map((g, i) => g + pull[i]!),
      );
      if (method === "fista") {
        const grown = (1 + Math.sqrt(1 + 4 * clock * clock)) / 2;
        const factor = (clock - 1) / grown;
        ahead = next.map((v, i) => v + factor * (v - codes[i]!));
        clock = grown;
      } else ahead = next;
      codes = next;
    }
    options.onIteration?.(k, energyOf(codes));
  }
  const gap = beta === 0 ? { gap: gaps(codes) } : {};
  return { codes, energy: energyOf(codes), lipschitz, ...gap };

  function gaps(z: Float64Array): Float64Array {
    const [matrix, aim] = [gram.slice(), target.slice()];
    const scales = new Float64Array(rows);
    for (let i = 0; i < problem.y.length; i++) scales[Math.floor(i / d)]! += (2 / d) * problem.y[i]! ** 2;
    if (predicted && gamma > 0) {
      for (let j = 0; j < l; j++) matrix[j * l + j]! += (2 * gamma) / l;
      for (let i = 0; i < aim.length; i++) {
        aim[i]! += ((2 * gamma) / l) * predicted[i]!;
        scales[Math.floor(i / l)]! += ((2 * gamma) / l) * predicted[i]! ** 2;
      }
    }
    return gapsHost(matrix, aim, scales, z, new Float64Array(l).fill(lambda), positive);
  }

  /** The convex problem in which the hinge's concave part is its tangent at `from`. */
  function convexSolve(from: Float64Array): Float64Array {
    const { mean, std } = moments(from);
    const fixed = from.map((z, i) => {
      const s = std[i % l]!;
      return s > 1e-8 ? ((2 * beta) / (rows - 1)) * (Math.max(threshold, s) / s) * (z - mean[i % l]!) : 0;
    });
    let current = from;
    let leading = from;
    let t = 1;
    for (let inner = 0; inner < 400; inner++) {
      const slope = quadratic.gradient(leading);
      const centre = moments(leading).mean;
      const next = descend(
        leading,
        slope.map((g, i) => g + ((2 * beta) / (rows - 1)) * (leading[i]! - centre[i % l]!) - fixed[i]!),
      );
      let uphill = 0;
      let moved = 0;
      for (let i = 0; i < next.length; i++) {
        uphill += (leading[i]! - next[i]!) * (next[i]! - current[i]!);
        moved = Math.max(moved, Math.abs(next[i]! - current[i]!));
      }
      const grown = uphill > 0 ? 1 : (1 + Math.sqrt(1 + 4 * t * t)) / 2;
      const factor = uphill > 0 ? 0 : (t - 1) / grown;
      leading = next.map((v, i) => v + factor * (v - current[i]!));
      current = next;
      t = grown;
      if (moved < 1e-13) break;
    }
    return current;
  }
}
