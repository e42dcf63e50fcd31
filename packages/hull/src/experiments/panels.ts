import type { Summary } from "@lab/core/experiment";
import * as tf from "@tensorflow/tfjs-core";
import type { PointArray } from "../points/points.js";
import { type Subspace, subspaceOf } from "../subspaces/subspace.js";
import { type SubspaceRow, subspaceStudy } from "./studies.js";

/** Shares inside in growing subspaces of two kinds. */
export interface PanelsResult {
  /** Name of the data. */
  data: string;
  /** Number of training pictures. */
  numTrain: number;
  /** Principal components, then block means, each by growing dimension. */
  rows: SubspaceRow[];
}

/**
 * Reproduced: both kinds fall without a rise and end near 0, and every query is decided.
 *
 * @param reference - Counts of the reference, two queries either way.
 * @param isReference - Whether the run has its training pictures.
 * @param numTest - Test pictures of the reference.
 */
export function summarisePanels(
  { data, numTrain, rows }: PanelsResult,
  reference: Record<string, number>,
  isReference: boolean,
  numTest: number,
): Summary {
  const groups = ["PCA", "means"].map((name) => rows.filter(({ subspace }) => subspace.startsWith(name)));
  const isFalling = groups.every((group) =>
    group.every((row, i) => i === 0 || row.inside <= group[i - 1]!.inside),
  );
  const isDecided = rows.every(({ boundary }) => boundary === 0);
  const endsLow = groups.every((group) => (group.at(-1)?.rate ?? 0) <= 0.01);
  const hasReference = isReference && data !== "glyphs" && rows[0]?.total === numTest;
  const isClose =
    !hasReference || rows.every((row) => Math.abs(row.inside - (reference[row.subspace] ?? row.inside)) <= 2);
  const verdict = !isDecided || !isClose ? "failed" : isFalling && endsLow ? "reproduced" : "partly";
  const percent = (value: number) => Math.round(1000 * value) / 10;
  return {
    verdict,
    paperValue: "figure 3: all three ways of growing the dimension end at 0",
    measured: rows.map(({ subspace, rate }) => `${subspace} ${percent(rate)} %`).join(", "),
    table: rows.map(({ subspace, dimension, rate, interval, boundary, duplicates, meanPasses, inside }) => ({
      subspace,
      dimension,
      "inside %": percent(rate),
      "95 % interval": `${percent(interval[0])} to ${percent(interval[1])}`,
      duplicates,
      undecided: boundary,
      "off the reference by": hasReference ? inside - (reference[subspace] ?? inside) : null,
      "mean passes": Math.round(100 * meanPasses) / 100,
    })),
    figures: [
      {
        kind: "line",
        title: `Share of test images inside, by subspace (${data})`,
        caption: `${numTrain} training and ${rows[0]?.total ?? 0} test images; bars are 95 % intervals.`,
        x: { label: "dimension", scale: "log" },
        y: { label: "share inside (%)", domain: [0, 100] },
        series: groups.map((group, i) => ({
          name: i === 0 ? "principal components" : "block means",
          x: group.map(({ dimension }) => dimension),
          y: group.map(({ rate }) => percent(rate)),
          low: group.map(({ interval }) => percent(interval[0])),
          high: group.map(({ interval }) => percent(interval[1])),
        })),
      },
    ],
    notes: [
      `Data: ${data}, the first ${numTrain} training and ${rows[0]?.total ?? 0} test images; components are fitted on training images only.`,
    ],
  };
}

/** Shares inside in the leading ones of some components, projected to once, then in other subspaces. */
export async function* panelRows(
  train: PointArray,
  test: PointArray,
  components: Subspace,
  counts: readonly number[],
  others: readonly (readonly [string, Subspace])[],
  signal: AbortSignal,
): AsyncIterable<SubspaceRow> {
  const doubles = ({ data, shape }: PointArray): PointArray => ({ data: Float64Array.from(data), shape });
  const [projectedTrain, projectedTest] = [train, test].map((rows) => components.apply(doubles(rows)));
  const leading = counts.map((k) => [`PCA ${k}`, firstColumns(components.dim, k)] as const);
  // A mean of bytes may lie on the surface of others: in few dimensions rational arithmetic tells.
  yield* subspaceStudy(projectedTrain!, projectedTest!, leading, { signal, exact: true });
  yield* subspaceStudy(train, test, others, { signal, exact: true });
}

/** The first k of the columns. */
function firstColumns(from: number, k: number): Subspace {
  return subspaceOf({
    caller: "firstColumns",
    from,
    to: k,
    keepsBytes: false,
    json: { kind: "firstColumns", from, k },
    map: (values, count) => {
      const out = new Float64Array(count * k);
      for (let i = 0; i < count; i++) {
        for (let c = 0; c < k; c++) out[i * k + c] = values[i * from + c]!;
      }
      return out;
    },
    tensor: (x) => tf.slice(x, [0, 0], [-1, k]),
  });
}
