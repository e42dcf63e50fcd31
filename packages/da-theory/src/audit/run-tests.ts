import { RandomStream } from "./random-stream.js";
import { overallAccuracies, pairing, type RunTable, type SettingRuns } from "./read-runs.js";
import { mcnemar, pairedTTest, type TestResult, welchTest } from "./statistics.js";
import type { AuditTest } from "./types.js";

/** A test that has been chosen for two settings. */
export type ChosenTest = Exclude<AuditTest, "auto"> | "none";

/** Above this many arrangements of runs, random ones stand for all. */
const MOST_EXACT = 1 << 16;
const RANDOM_ARRANGEMENTS = 9999;

/** Number of ways to choose k of n. */
export function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return Math.round(result);
}

/** Least p value that an exact test of run accuracies can give. */
export function minimumOf(test: ChosenTest, runs: number, referenceRuns: number): number {
  if (test === "none" || test === "mcnemar") return 1;
  const arrangements =
    test === "pairedT" || test === "signFlip" ? 2 ** runs : binomial(runs + referenceRuns, runs);
  return Math.min(1, 2 / arrangements);
}

/** The test that `auto` stands for, or the one asked for where the runs allow it. */
export function chooseTest(asked: AuditTest, own: SettingRuns, reference: SettingRuns): ChosenTest {
  const [a, b] = [own.seeds.length, reference.seeds.length];
  const isPaired = pairing(own, reference) !== undefined;
  if (asked === "auto") {
    if (a === 1 && b === 1) return "mcnemar";
    if (isPaired) return "pairedT";
    return a > 1 && b > 1 ? "welch" : "none";
  }
  if (asked === "mcnemar") return a === 1 && b === 1 ? asked : "none";
  if (asked === "pairedT" || asked === "signFlip") return isPaired && a > 1 ? asked : "none";
  return a > 1 && b > 1 ? asked : "none";
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Signs or group memberships: all of them, or random ones with the observed one first. */
function* arrangements(total: number, one: () => boolean[], all: Iterable<boolean[]>): Generator<boolean[]> {
  if (total <= MOST_EXACT) {
    yield* all;
    return;
  }
  for (let i = 0; i < RANDOM_ARRANGEMENTS; i++) yield one();
}

function* signs(n: number): Generator<boolean[]> {
  for (let mask = 0; mask < 2 ** n; mask++)
    yield Array.from({ length: n }, (_, r) => ((mask >> r) & 1) === 1);
}

function* subsets(n: number, k: number, from = 0, chosen: number[] = []): Generator<boolean[]> {
  if (chosen.length === k) {
    yield Array.from({ length: n }, (_, i) => chosen.includes(i));
    return;
  }
  for (let i = from; i <= n - (k - chosen.length); i++) yield* subsets(n, k, i + 1, [...chosen, i]);
}

/** Share of arrangements whose statistic reaches the observed one, up to rounding of values of this size. */
function shareReached(
  observed: number,
  scale: number,
  isExact: boolean,
  values: Iterable<boolean[]>,
  statistic: (a: boolean[]) => number,
): number {
  let reached = 0;
  let total = 0;
  for (const arrangement of values) {
    total++;
    if (statistic(arrangement) >= observed - 1e-12 * scale) reached++;
  }
  return isExact ? reached / total : (reached + 1) / (total + 1);
}

const traceOf = (gram: readonly (readonly number[])[]) => gram.reduce((sum, row, i) => sum + row[i]!, 0);

/** Sign flips of paired rows; the statistic is the sum over columns of the squared mean, found from `E Eᵀ`. */
export function signFlipRows(rows: readonly (readonly number[])[], seed: number): TestResult {
  const n = rows.length;
  const gram = rows.map((x) => rows.map((y) => x.reduce((sum, v, c) => sum + v * y[c]!, 0)));
  const statistic = (flipped: boolean[]) => {
    let sum = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) sum += flipped[i] === flipped[j] ? gram[i]![j]! : -gram[i]![j]!;
    return Math.max(0, sum) / n ** 2;
  };
  const stream = new RandomStream(seed);
  const observed = statistic(new Array<boolean>(n).fill(false));
  const one = () => Array.from({ length: n }, () => stream.below(2) === 1);
  const values = arrangements(2 ** n, one, signs(n));
  return {
    statistic: observed,
    p: shareReached(observed, traceOf(gram) / n, 2 ** n <= MOST_EXACT, values, statistic),
  };
}

/** Label permutations of two groups of rows; the statistic is the squared distance of their means. */
export function permuteRows(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
  seed: number,
): TestResult {
  const given = [...a, ...b];
  const n = given.length;
  const centre = given[0]!.map((_, c) => mean(given.map((row) => row[c]!)));
  const all = given.map((row) => row.map((v, c) => v - centre[c]!));
  const gram = all.map((x) => all.map((y) => x.reduce((sum, v, c) => sum + v * y[c]!, 0)));
  const weightOf = (isFirst: boolean) => (isFirst ? 1 / a.length : -1 / b.length);
  const statistic = (first: boolean[]) => {
    let sum = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) sum += weightOf(first[i]!) * weightOf(first[j]!) * gram[i]![j]!;
    return Math.max(0, sum);
  };
  const stream = new RandomStream(seed);
  const observed = statistic(all.map((_, i) => i < a.length));
  const one = () => {
    const order = stream.permutation(n);
    return order.map((place) => place < a.length);
  };
  const total = binomial(n, a.length);
  const values = arrangements(total, one, subsets(n, a.length));
  return {
    statistic: observed,
    p: shareReached(observed, traceOf(gram) / n, total <= MOST_EXACT, values, statistic),
  };
}

/** p value of two groups of run accuracies. `b` is in the order of `a`'s seeds where the test is paired. */
export function testRuns(test: ChosenTest, a: readonly number[], b: readonly number[], seed: number): number {
  if (test === "none" || test === "mcnemar") return Number.NaN;
  const rows = (values: readonly number[]) => values.map((v) => [v]);
  if (test === "permutation") return permuteRows(rows(a), rows(b), seed).p;
  const differences = a.map((v, r) => v - b[r]!);
  if (test === "signFlip") return signFlipRows(rows(differences), seed).p;
  const { statistic, p } = test === "pairedT" ? pairedTTest(differences) : welchTest(a, b);
  // Runs that do not vary at all have no standard error; an exact test still knows how many there are.
  const isDegenerate = Number.isNaN(statistic) && mean(a) !== mean(b);
  return isDegenerate ? minimumOf(test, a.length, b.length) : p;
}

/** McNemar's test of two single runs on some images. */
export function testImages(a: Uint8Array, b: Uint8Array, from: number, to: number): number {
  let onlyA = 0;
  let onlyB = 0;
  for (let i = from; i < to; i++) {
    if (a[i]! > b[i]!) onlyA++;
    else if (b[i]! > a[i]!) onlyB++;
  }
  return mcnemar(onlyA, onlyB);
}

/** p value of a setting on all images. */
export function testAverage(
  table: RunTable,
  test: ChosenTest,
  own: SettingRuns,
  reference: SettingRuns,
  seed: number,
): number {
  if (test === "mcnemar") return testImages(own.correct[0]!, reference.correct[0]!, 0, table.numImages);
  const a = overallAccuracies(table, own);
  const b = overallAccuracies(table, reference);
  const order = pairing(own, reference);
  return testRuns(test, a, order ? order.map((r) => b[r]!) : b, seed);
}
