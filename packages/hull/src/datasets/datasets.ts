import { checkInteger } from "@lab/core";
import type { Generator } from "@lab/core/random";
import type { PointArray } from "../points/points.js";

/** How many samples, in which dimension, from which generator. */
export interface SampleOptions {
  /** Number of points. */
  n: number;
  /** Dimension. */
  d: number;
  /** Source of randomness. */
  generator: Generator;
}

/** Points in double precision. */
export interface Sample extends PointArray {
  /** The values, row by row. */
  data: Float64Array;
  /** Number of rows and columns. */
  shape: [n: number, d: number];
}

function check(caller: string, { n, d }: { n: number; d: number }): void {
  checkInteger(caller, "n", n, { min: 1 });
  checkInteger(caller, "d", d, { min: 1 });
}

/** Standard Gaussian samples. */
export function gaussian({ n, d, generator }: SampleOptions): Sample {
  check("gaussian", { n, d });
  return { data: generator.normal64(n * d), shape: [n, d] };
}

/** Uniform samples of the unit sphere. */
export function sphere({ n, d, generator }: SampleOptions): Sample {
  check("sphere", { n, d });
  const data = generator.normal64(n * d);
  for (let i = 0; i < n; i++) {
    let squared = 0;
    for (let j = 0; j < d; j++) squared += data[i * d + j]! ** 2;
    const length = Math.sqrt(squared);
    for (let j = 0; j < d; j++) data[i * d + j] = data[i * d + j]! / length;
  }
  return { data, shape: [n, d] };
}

/** Uniform samples of the unit ball. */
export function ball({ n, d, generator }: SampleOptions): Sample {
  const sample = sphere({ n, d, generator });
  const radius = generator.float64(n);
  for (let i = 0; i < n * d; i++) {
    sample.data[i] = sample.data[i]! * radius[Math.floor(i / d)]! ** (1 / d);
  }
  return sample;
}

/** Uniform samples of the cube [−1, 1]^d. */
export function cube({ n, d, generator }: SampleOptions): Sample {
  check("cube", { n, d });
  return { data: generator.float64(n * d).map((u) => 2 * u - 1), shape: [n, d] };
}

/** The 2^d vertices of {−1, 1}^d. */
export function hypercubeVertices(d: number): Sample {
  checkInteger("hypercubeVertices", "d", d, { min: 1, max: 20 });
  const n = 2 ** d;
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) data[i * d + j] = (i >> j) & 1 ? 1 : -1;
  return { data, shape: [n, d] };
}

/** Arguments of {@link splineManifold}. */
export interface SplineOptions extends SampleOptions {
  /** Gaussian knots of the closed cubic spline. @defaultValue 100 */
  knots?: number;
}

/**
 * Samples of a random closed curve: a uniform cubic B-spline through Gaussian control points, intrinsic dimension 1.
 *
 * The control points come from the split `"knots"`, so that two calls with one generator sample one curve.
 */
export function splineManifold({ n, d, generator, knots = 100 }: SplineOptions): Sample {
  check("splineManifold", { n, d });
  checkInteger("splineManifold", "knots", knots, { min: 4 });
  const control = generator.split("knots").normal64(knots * d);
  const position = generator.float64(n);
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const u = position[i]! * knots;
    const k = Math.min(knots - 1, Math.floor(u));
    const t = u - k;
    const weights = [
      (1 - t) ** 3 / 6,
      (3 * t ** 3 - 6 * t ** 2 + 4) / 6,
      (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6,
      t ** 3 / 6,
    ];
    for (let s = 0; s < 4; s++) {
      const from = ((k + s) % knots) * d;
      for (let j = 0; j < d; j++) data[i * d + j] = data[i * d + j]! + weights[s]! * control[from + j]!;
    }
  }
  return { data, shape: [n, d] };
}

/** Points (t, t², …, t^d) at n equal steps of t in [−1, 1]: every one is extreme. */
export function momentCurve({
  n,
  d,
}: {
  /** Number of points. */ n: number /** Dimension. */;
  d: number;
}): Sample {
  check("momentCurve", { n, d });
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const t = n === 1 ? 0 : (2 * i) / (n - 1) - 1;
    for (let j = 0; j < d; j++) data[i * d + j] = t ** (j + 1);
  }
  return { data, shape: [n, d] };
}

/** Arguments of {@link linearEmbedding}. */
export interface LinearEmbeddingOptions {
  /** Number of points. */
  n: number;
  /** Dimension of the Gaussian samples. */
  intrinsic: number;
  /** Dimension of the space they are mapped to. */
  ambient: number;
  /** Source of randomness; the map comes from the split `"map"`. */
  generator: Generator;
}

/** Gaussian samples of a random linear subspace. */
export function linearEmbedding({ n, intrinsic, ambient, generator }: LinearEmbeddingOptions): Sample {
  check("linearEmbedding", { n, d: ambient });
  checkInteger("linearEmbedding", "intrinsic", intrinsic, { min: 1, max: ambient });
  const map = generator.split("map").normal64(intrinsic * ambient);
  const x = generator.normal64(n * intrinsic);
  const data = new Float64Array(n * ambient);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < intrinsic; k++) {
      const value = x[i * intrinsic + k]!;
      for (let j = 0; j < ambient; j++) {
        data[i * ambient + j] = data[i * ambient + j]! + value * map[k * ambient + j]!;
      }
    }
  }
  return { data, shape: [n, ambient] };
}

/** The first n positions of a random walk with Gaussian steps from 0. */
export function randomWalk({ n, d, generator }: SampleOptions): Sample {
  check("randomWalk", { n, d });
  const data = generator.normal64(n * d);
  for (let i = d; i < n * d; i++) data[i] = data[i]! + data[i - d]!;
  return { data, shape: [n, d] };
}
