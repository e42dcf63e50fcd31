import type { Picture, PlotSpec } from "@lab/core/plot";
import { STAGES } from "../cascade/finding.js";
import type { CurveRow } from "../experiments/studies.js";
import type { Distances } from "../hull/distances.js";
import type { Membership, RateEstimate } from "../hull/membership.js";
import { gaussianHullProbability } from "../theory/index.js";

/** Share inside against the dimension, with Wilson bars and the exact curve of Gaussian samples. */
export function rateVsDimension(
  rows: readonly (RateEstimate & { dimension: number })[],
  options: {
    /** Number of points, for the Gaussian curve. */ numPoints?: number /** Headline. */;
    title?: string;
  } = {},
): PlotSpec {
  const sorted = [...rows].sort((a, b) => a.dimension - b.dimension);
  const x = sorted.map(({ dimension }) => dimension);
  const { numPoints, title = "Share of queries inside the hull" } = options;
  return {
    kind: "line",
    title,
    x: { label: "dimension", scale: "log" },
    y: { label: "share inside", domain: [0, 1] },
    series: [
      {
        name: "measured",
        x,
        y: sorted.map(({ rate }) => rate),
        low: sorted.map(({ interval }) => interval[0]),
        high: sorted.map(({ interval }) => interval[1]),
      },
      ...(numPoints === undefined
        ? []
        : [
            {
              name: "Gaussian, exact",
              x,
              y: x.map((d) => gaussianHullProbability({ n: numPoints, d })),
              dashed: true,
            },
          ]),
    ],
  };
}

/** Probability inside against the number of points, one curve a dimension, with the line at one half. */
export function probabilityCurves(rows: readonly CurveRow[]): PlotSpec {
  const names = [...new Set(rows.map(({ law, ambient }) => `${law}, d = ${ambient}`))];
  const counts = rows.map(({ n }) => n);
  return {
    kind: "line",
    title: "Probability of interpolation",
    x: { label: "number of points N", scale: "log" },
    y: { label: "probability inside", domain: [0, 1] },
    series: [
      ...names.map((name) => {
        const own = rows.filter(({ law, ambient }) => `${law}, d = ${ambient}` === name);
        return {
          name,
          x: own.map(({ n }) => n),
          y: own.map(({ rate }) => rate),
          low: own.map(({ rate, error }) => Math.max(0, rate - 2 * error)),
          high: own.map(({ rate, error }) => Math.min(1, rate + 2 * error)),
        };
      }),
      { name: "one half", x: [Math.min(...counts), Math.max(...counts)], y: [0.5, 0.5], dashed: true },
    ],
  };
}

/** Distances from the hull, by verdict. */
export function distanceHistogram(distances: Distances): PlotSpec {
  const of = (status: string) =>
    Array.from(distances.distance).filter((_, i) => distances.status[i] === status);
  const series = ["outside", "boundary", "inside"]
    .map((name) => ({ name, values: of(name) }))
    .filter(({ values }) => values.length > 0);
  return {
    kind: "histogram",
    title: "Distance from the hull",
    x: { label: "distance (data units)" },
    series,
  };
}

/** Queries decided at each stage of the cascade. */
export function stageFunnel(membership: Membership): PlotSpec {
  return {
    kind: "bars",
    title: "Where queries were decided",
    categories: [...STAGES, "undecided"],
    y: { label: "queries" },
    series: [{ name: "queries", y: [...membership.stats.decidedAtStage, membership.rate.boundary] }],
  };
}

/** Singular values of the centred points, relative to the largest. */
export function spectrumPlot(singularValues: ArrayLike<number>): PlotSpec {
  const values = Array.from(singularValues).filter((value) => value > 0);
  return {
    kind: "line",
    title: "Spectrum of the points",
    x: { label: "index" },
    y: { label: "singular value / largest", scale: "log" },
    series: [{ name: "spectrum", x: values.map((_, i) => i + 1), y: values.map((v) => v / values[0]!) }],
  };
}

/** The queries furthest from the hull and those nearest to it, as pictures. */
export function extremeQueries(
  queries: ArrayLike<number>,
  distances: Distances,
  options: {
    /** Height, width, channels of a query. */
    shape: readonly [number, number, 1 | 3];
    /** Value that is shown white. @defaultValue 255 */
    white?: number;
    /** Pictures of each kind. @defaultValue 5 */
    count?: number;
  },
): PlotSpec {
  const { shape, white = 255, count = 5 } = options;
  const [height, width, channels] = shape;
  const size = height * width * channels;
  const order = Array.from(distances.distance, (value, i) => ({ value, i })).sort(
    (a, b) => b.value - a.value,
  );
  const picture = ({ value, i }: { value: number; i: number }): Picture => ({
    width,
    height,
    channels,
    data: Float32Array.from({ length: size }, (_, k) =>
      Math.min(1, Math.max(0, queries[i * size + k]! / white)),
    ),
    label: `${i}: ${value.toPrecision(3)}`,
  });
  return {
    kind: "image",
    title: "Queries furthest from the hull, then nearest",
    images: [...order.slice(0, count), ...order.slice(Math.max(count, order.length - count))].map(picture),
    columns: count,
  };
}
