import { Generator } from "@lab/core/random";
import { gaussian, hypercubeVertices, linearEmbedding, splineManifold } from "../datasets/index.js";
import { ConvexHull } from "../hull/convex-hull.js";
import type { RateEstimate } from "../hull/membership.js";
import type { HullOptions, QueryOptions } from "../hull/options.js";
import type { PointArray, Points } from "../points/points.js";
import type { Subspace } from "../subspaces/subspace.js";
import {
  convexPositionThreshold,
  gaussianHullProbability,
  type Law,
  sampleSizeForProbability,
} from "../theory/index.js";

/** Where to stop. */
export interface StudyOptions {
  /** Stops the study between rows. */
  signal?: AbortSignal;
  /** Seed of the samples. @defaultValue 0 */
  seed?: number;
}

/** A point of {@link interpolationCurve}. */
export interface CurveRow {
  /** Law of the samples. */
  law: "gaussian" | "spline" | "linear";
  /** Dimension of the space. */
  ambient: number;
  /** Dimension of the law's support. */
  intrinsic: number;
  /** Number of points. */
  n: number;
  /** Trials, fresh points in each. */
  trials: number;
  /** Queries in a trial. */
  queries: number;
  /** Share inside. */
  rate: number;
  /** Its standard error, by the variance between trials. */
  error: number;
  /** Exact probability, where there is one. */
  exact: number | null;
}

/** Arguments of {@link interpolationCurve}. */
export interface InterpolationCurveOptions extends StudyOptions {
  /** Law of the samples. @defaultValue `"gaussian"` */
  law?: CurveRow["law"];
  /** Dimensions of the space. */
  dimensions: readonly number[];
  /** Numbers of points. */
  counts: readonly number[];
  /** Intrinsic dimension of the linear law. @defaultValue 4 */
  intrinsic?: number;
  /** Trials for each row. @defaultValue 20 */
  trials?: number;
  /** Queries in a trial. @defaultValue 25 */
  queries?: number;
}

/** Monte Carlo estimates of P_in against the number of points, fresh points in every trial. */
export async function* interpolationCurve(options: InterpolationCurveOptions): AsyncIterable<CurveRow> {
  const { law = "gaussian", dimensions, counts, trials = 20, queries = 25, seed = 0, signal } = options;
  for (const ambient of dimensions) {
    const intrinsic = law === "gaussian" ? ambient : law === "spline" ? 1 : (options.intrinsic ?? 4);
    for (const n of counts) {
      const shares: number[] = [];
      for (let trial = 0; trial < trials; trial++) {
        signal?.throwIfAborted();
        const generator = new Generator(seed).split(`${law}/${ambient}/${n}/${trial}`);
        const total = n + queries;
        const sample =
          law === "gaussian"
            ? gaussian({ n: total, d: ambient, generator })
            : law === "spline"
              ? splineManifold({ n: total, d: ambient, generator })
              : linearEmbedding({ n: total, intrinsic, ambient, generator });
        const d = ambient;
        const hull = await ConvexHull.from(
          { data: sample.data.slice(0, n * d), shape: [n, d] },
          { engine: "js" },
        );
        const { rate } = await hull.contains({ data: sample.data.slice(n * d), shape: [queries, d] });
        shares.push(rate.rate);
      }
      const rate = shares.reduce((a, b) => a + b, 0) / trials;
      const variance = shares.reduce((sum, v) => sum + (v - rate) ** 2, 0) / Math.max(1, trials - 1);
      const exact = law === "spline" ? null : gaussianHullProbability({ n, d: intrinsic });
      // All trials alike tell nothing of the error: half a success then bounds it.
      const error = Math.sqrt(variance / trials) || Math.sqrt(0.5) / (trials * queries);
      yield { law, ambient, intrinsic, n, trials, queries, rate, error, exact };
    }
  }
}

/** P_in of Gaussian samples of one intrinsic dimension in spaces of growing dimension: it does not change. */
export function intrinsicDimensionStudy(
  options: Omit<InterpolationCurveOptions, "law">,
): AsyncIterable<CurveRow> {
  return interpolationCurve({ ...options, law: "linear" });
}

/** A row of {@link subspaceStudy}. */
export interface SubspaceRow extends RateEstimate {
  /** Name of the subspace. */
  subspace: string;
  /** Its dimension. */
  dimension: number;
  /** Dimension of the points in it. */
  affineDim: number;
  /** Queries decided at each stage. */
  decidedAtStage: number[];
  /** Mean passes of the queries that the first direction left. */
  meanPasses: number;
}

/** Share of test rows in the hull of the training rows, in each of several subspaces. */
export async function* subspaceStudy(
  train: PointArray,
  test: PointArray,
  subspaces: Iterable<readonly [name: string, subspace: Subspace]>,
  options: StudyOptions & HullOptions & QueryOptions = {},
): AsyncIterable<SubspaceRow> {
  for (const [name, subspace] of subspaces) {
    options.signal?.throwIfAborted();
    const hull = await ConvexHull.from(subspace.apply(train), options);
    const { rate, stats } = await hull.contains(subspace.apply(test), options);
    const { affineDim } = hull;
    hull.dispose();
    const { decidedAtStage, meanPasses } = stats;
    yield { subspace: name, dimension: subspace.dim, affineDim, decidedAtStage, meanPasses, ...rate };
  }
}

/** A row of {@link embeddingStudy}. */
export interface EmbeddingRow extends RateEstimate {
  /** Name of the embedding. */
  name: string;
  /** Its dimension. */
  dimension: number;
}

/** Share of test rows in the hull of the training rows after each of several embeddings. */
export async function* embeddingStudy(
  train: Points,
  test: Points,
  embeddings: Iterable<readonly [name: string, embed: (x: Points) => Promise<PointArray>]>,
  options: StudyOptions & HullOptions & QueryOptions = {},
): AsyncIterable<EmbeddingRow> {
  for (const [name, embed] of embeddings) {
    options.signal?.throwIfAborted();
    const points = await embed(train);
    const hull = await ConvexHull.from(points, options);
    const { rate } = await hull.contains(await embed(test), options);
    hull.dispose();
    yield { name, dimension: points.shape[1], ...rate };
  }
}

/** A row of {@link projectionStudy}. */
export interface ProjectionRow {
  /** Dimension of the cube. */
  d: number;
  /** Dimension it is projected to. */
  k: number;
  /** Extreme points of the projection. */
  extreme: number;
  /** 2 Σ_{i<k} C(d − 1, i): their number for almost every projection. */
  expected: number;
}

/** How many of the 2^d vertices of the cube remain extreme after a random projection. */
export async function* projectionStudy(
  options: StudyOptions & {
    /** Dimensions of the cube. */
    cubes: readonly number[];
    /** Dimensions projected to. */
    targets: readonly number[];
  },
): AsyncIterable<ProjectionRow> {
  const { cubes, targets, seed = 0, signal } = options;
  for (const d of cubes) {
    const vertices = hypercubeVertices(d);
    const [n] = vertices.shape;
    for (const k of targets) {
      signal?.throwIfAborted();
      const map = new Generator(seed).split(`cube/${d}/${k}`).normal64(d * k);
      const data = new Float64Array(n * k);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < d; j++) {
          const side = vertices.data[i * d + j]!;
          for (let c = 0; c < k; c++) data[i * k + c] = data[i * k + c]! + side * map[j * k + c]!;
        }
      }
      const hull = await ConvexHull.from({ data, shape: [n, k] }, { engine: "js" });
      const extreme = (await hull.extremePoints(signal === undefined ? {} : { signal })).length;
      let expected = 0;
      let binomial = 1;
      for (let i = 0; i < k; i++) {
        expected += 2 * binomial;
        binomial = (binomial * (d - 1 - i)) / (i + 1);
      }
      yield { d, k, extreme, expected };
    }
  }
}

/** A row of {@link sampleSizeStudy}. */
export interface SampleSizeRow {
  /** Law of points and query. */
  law: Law;
  /** Dimension. */
  d: number;
  /** Probability to reach; `null` for the loss of convex position. */
  probability: number | null;
  /** Number of points. */
  n: number;
}

/** How many samples the hull needs to hold a fresh one, and at how many convex position is lost. */
export async function* sampleSizeStudy(
  options: StudyOptions & {
    /** Laws. */
    laws: readonly Law[];
    /** Dimensions. */
    dimensions: readonly number[];
    /** Probabilities. */
    probabilities: readonly number[];
  },
): AsyncIterable<SampleSizeRow> {
  for (const law of options.laws) {
    for (const d of options.dimensions) {
      options.signal?.throwIfAborted();
      for (const probability of options.probabilities) {
        yield { law, d, probability, n: sampleSizeForProbability({ d, law, probability }) };
      }
      yield { law, d, probability: null, n: convexPositionThreshold({ d, law }) };
    }
  }
}
