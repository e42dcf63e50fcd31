import { checkChoice } from "../check/index.js";
import { bestAssignment } from "./hungarian.js";
import { checkPaired, type Labels, readLabels } from "./read-values.js";

/** How often cluster `i` and class `j` meet, and their sizes. */
interface Contingency {
  counts: Float64Array;
  numRows: number;
  numColumns: number;
  rowSums: Float64Array;
  columnSums: Float64Array;
  total: number;
}

async function contingency(caller: string, clusters: Labels, labels: Labels): Promise<Contingency> {
  const [a, b] = await Promise.all([
    readLabels(caller, "clusters", clusters),
    readLabels(caller, "labels", labels),
  ]);
  checkPaired(caller, "clusters", a, "labels", b);
  // Numbers may have gaps; only those that occur get a row.
  const rows = numbered(a);
  const columns = numbered(b);
  const counts = new Float64Array(rows.size * columns.size);
  const rowSums = new Float64Array(rows.size);
  const columnSums = new Float64Array(columns.size);
  for (let i = 0; i < a.length; i++) {
    const row = rows.get(a[i]!)!;
    const column = columns.get(b[i]!)!;
    counts[row * columns.size + column]! += 1;
    rowSums[row]! += 1;
    columnSums[column]! += 1;
  }
  return { counts, numRows: rows.size, numColumns: columns.size, rowSums, columnSums, total: a.length };
}

function numbered(values: ArrayLike<number>): Map<number, number> {
  const numbers = new Map<number, number>();
  for (let i = 0; i < values.length; i++) if (!numbers.has(values[i]!)) numbers.set(values[i]!, numbers.size);
  return numbers;
}

/**
 * Share of samples that are right when clusters are matched one to one with classes in the best way.
 *
 * @param clusters - Cluster of each sample; the numbers mean nothing.
 * @param labels - True class of each sample.
 * @returns Between 0 and 1. With more clusters than classes, samples of the clusters left over count as wrong.
 * @throws {@link ShapeError} when the lengths differ or there are no samples.
 * @remarks The matching is optimal (Hungarian method), neither greedy nor "the most frequent class of each cluster".
 * @example
 * ```ts
 * import { clusterAccuracy } from "@lab/core/metrics";
 *
 * await clusterAccuracy([1, 1, 0, 0], [0, 0, 1, 0]); // => 0.75
 * ```
 */
export async function clusterAccuracy(clusters: Labels, labels: Labels): Promise<number> {
  const { counts, numRows, numColumns, total } = await contingency("clusterAccuracy", clusters, labels);
  const isWide = numRows <= numColumns;
  const [rows, columns] = isWide ? [numRows, numColumns] : [numColumns, numRows];
  const at = (row: number, column: number) =>
    isWide ? row * numColumns + column : column * numColumns + row;
  const weights = Float64Array.from(
    { length: rows * columns },
    (_, i) => counts[at(Math.floor(i / columns), i % columns)]!,
  );
  const match = bestAssignment(weights, rows, columns);
  return match.reduce((sum, column, row) => sum + weights[row * columns + column]!, 0) / total;
}

/** Options of {@link nmi}. */
export interface NmiOptions {
  /** Mean of the two entropies that normalises. @defaultValue `"arithmetic"` */
  average?: "arithmetic" | "geometric" | "max" | "min";
}

function entropy(sums: Float64Array, total: number): number {
  return sums.reduce((sum, count) => sum - (count / total) * Math.log(count / total), 0);
}

/**
 * Normalised mutual information of two partitions.
 *
 * $I(U, V) / \mathrm{mean}(H(U), H(V))$.
 *
 * @param clusters - Cluster of each sample.
 * @param labels - Class of each sample.
 * @param options - See {@link NmiOptions}.
 * @returns Between 0 and 1; 1 for equal partitions, also when both have a single part.
 * @throws {@link ShapeError} when the lengths differ or there are no samples.
 * @see Strehl, Ghosh (2002), Cluster ensembles (there with the geometric mean).
 */
export async function nmi(clusters: Labels, labels: Labels, options: NmiOptions = {}): Promise<number> {
  const average = checkChoice("nmi", "average", options.average ?? "arithmetic", [
    "arithmetic",
    "geometric",
    "max",
    "min",
  ] as const);
  const { counts, numColumns, rowSums, columnSums, total } = await contingency("nmi", clusters, labels);
  let information = 0;
  for (let i = 0; i < counts.length; i++) {
    const n = counts[i]!;
    if (n === 0) continue;
    const expected = (rowSums[Math.floor(i / numColumns)]! * columnSums[i % numColumns]!) / total;
    information += (n / total) * Math.log(n / expected);
  }
  const [h, k] = [entropy(rowSums, total), entropy(columnSums, total)];
  if (h === 0 && k === 0) return 1;
  const mean = {
    arithmetic: (h + k) / 2,
    geometric: Math.sqrt(h * k),
    max: Math.max(h, k),
    min: Math.min(h, k),
  }[average];
  return mean === 0 ? 0 : Math.min(1, Math.max(0, information / mean));
}

/**
 * Rand index of two partitions, adjusted so that independent ones give 0 on average.
 *
 * @param clusters - Cluster of each sample.
 * @param labels - Class of each sample.
 * @returns At most 1, which equal partitions give; below 0 when they agree less than by chance.
 * @throws {@link ShapeError} when the lengths differ or there are no samples.
 * @see Hubert, Arabie (1985), Comparing partitions, eq. (5).
 */
export async function ari(clusters: Labels, labels: Labels): Promise<number> {
  const { counts, rowSums, columnSums, total } = await contingency("ari", clusters, labels);
  const pairs = (values: Float64Array) => values.reduce((sum, n) => sum + (n * (n - 1)) / 2, 0);
  const [both, inRows, inColumns] = [pairs(counts), pairs(rowSums), pairs(columnSums)];
  const all = (total * (total - 1)) / 2;
  const expected = all === 0 ? 0 : (inRows * inColumns) / all;
  const largest = (inRows + inColumns) / 2;
  return largest === expected ? 1 : (both - expected) / (largest - expected);
}
