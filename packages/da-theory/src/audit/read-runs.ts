import { ArgumentError } from "@lab/core";
import type { AuditInput, Run } from "./types.js";

/** The runs of one setting. */
export interface SettingRuns {
  /** As the caller wrote it. */
  setting: string | number;
  /** Seeds as texts, in the order of the runs. */
  seeds: string[];
  /** Right (1) or wrong (0), images grouped by class. */
  correct: Uint8Array[];
  /** `accuracy[run][class]`; `NaN` for a class without images. */
  accuracy: Float64Array[];
  /** Predicted classes, images grouped by class; `undefined` for runs with outcomes only. */
  predictions: (Int32Array | undefined)[];
}

/** Checked input, with the images of a class side by side. */
export interface RunTable {
  /** Settings in the order of their first run. */
  settings: SettingRuns[];
  /** Number of classes. */
  numClasses: number;
  /** First image of each class; one more entry ends the last. */
  start: Int32Array;
  /** Images in all. */
  numImages: number;
  /** Names of the classes. */
  names: string[];
}

/** The images of a class. */
export const countOf = (table: RunTable, c: number): number => table.start[c + 1]! - table.start[c]!;

function fail(message: string, argument: string, value: unknown): never {
  throw new ArgumentError(message, { argument, value });
}

/** Which run, in the words of a message. */
const nameOf = (run: Run, i: number) => `run ${i} (setting ${run.setting}, seed ${run.seed})`;

const isIndex = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;

function readRun(caller: string, run: Run, i: number, labels: ArrayLike<number>): Int32Array {
  const given = run.predictions ?? run.outcomes;
  const what = run.predictions ? "predictions" : "outcomes";
  if (given === undefined)
    fail(
      `${caller}: ${nameOf(run, i)} has neither predictions nor outcomes; one of them is needed`,
      "runs",
      run,
    );
  if (given.length !== labels.length)
    fail(
      `${caller}: ${nameOf(run, i)} has ${given.length} ${what} and there are ${labels.length} labels`,
      "runs",
      given.length,
    );
  const out = new Int32Array(given.length);
  for (let at = 0; at < out.length; at++) {
    const value = given[at];
    if (!isIndex(value) || (what === "outcomes" && value > 1))
      fail(
        `${caller}: ${nameOf(run, i)} has ${String(value)} as ${what}[${at}]; ${what === "outcomes" ? "0 or 1" : "a class number"} was expected`,
        "runs",
        value,
      );
    out[at] = value;
  }
  return out;
}

function classesOf(
  caller: string,
  input: AuditInput,
): { numClasses: number; start: Int32Array; place: Int32Array } {
  const { labels, classNames } = input;
  if (labels.length === 0)
    fail(`${caller}: labels is empty; one image at least was expected`, "labels", labels);
  let numClasses = 0;
  for (let i = 0; i < labels.length; i++) {
    if (!isIndex(labels[i]))
      fail(
        `${caller}: labels[${i}] is ${String(labels[i])}; a class number from 0 was expected`,
        "labels",
        labels[i],
      );
    numClasses = Math.max(numClasses, labels[i]! + 1);
  }
  if (classNames && classNames.length < numClasses)
    fail(
      `${caller}: classNames has ${classNames.length} entries and labels reach class ${numClasses - 1}; one name for each class was expected`,
      "classNames",
      classNames.length,
    );
  numClasses = classNames?.length ?? numClasses;
  if (numClasses > 1_000_000)
    fail(
      `${caller}: labels reach class ${numClasses - 1}; at most a million classes are allowed`,
      "labels",
      numClasses,
    );
  const start = new Int32Array(numClasses + 1);
  for (let i = 0; i < labels.length; i++) start[labels[i]! + 1]!++;
  for (let c = 0; c < numClasses; c++) start[c + 1]! += start[c]!;
  const next = start.slice();
  const place = new Int32Array(labels.length);
  for (let i = 0; i < labels.length; i++) place[i] = next[labels[i]!]!++;
  return { numClasses, start, place };
}

/** Checks the input of an audit and groups it by setting and class. */
export function readRuns(caller: string, input: AuditInput): RunTable {
  const { labels, runs } = input;
  if (!Array.isArray(runs) || runs.length === 0)
    fail(`${caller}: runs is empty; one run at least was expected`, "runs", runs);
  const { numClasses, start, place } = classesOf(caller, input);
  const settings = new Map<string, SettingRuns>();
  runs.forEach((run: Run, i) => {
    const values = readRun(caller, run, i, labels);
    const key = String(run.setting);
    const own: SettingRuns = settings.get(key) ?? {
      setting: run.setting,
      seeds: [],
      correct: [],
      accuracy: [],
      predictions: [],
    };
    settings.set(key, own);
    if (own.seeds.includes(String(run.seed)))
      fail(
        `${caller}: ${nameOf(run, i)} is there twice; one run for each setting and seed was expected`,
        "runs",
        run.seed,
      );
    const correct = new Uint8Array(labels.length);
    const predictions = run.predictions ? new Int32Array(labels.length) : undefined;
    const hits = new Float64Array(numClasses);
    for (let at = 0; at < values.length; at++) {
      const isRight = predictions ? values[at] === labels[at] : values[at] === 1;
      if (predictions) predictions[place[at]!] = values[at]!;
      if (isRight) {
        correct[place[at]!] = 1;
        hits[labels[at]!]!++;
      }
    }
    own.seeds.push(String(run.seed));
    own.correct.push(correct);
    own.predictions.push(predictions);
    own.accuracy.push(hits.map((k, c) => k / (start[c + 1]! - start[c]!)));
  });
  return {
    settings: [...settings.values()],
    numClasses,
    start,
    numImages: labels.length,
    names: Array.from({ length: numClasses }, (_, c) => input.classNames?.[c] ?? String(c)),
  };
}

/** The setting that others are compared with. */
export function findReference(caller: string, table: RunTable, reference: string | number): SettingRuns {
  const found = table.settings.find(({ setting }) => String(setting) === String(reference));
  if (found) return found;
  return fail(
    `${caller}: no run has setting '${reference}'; settings are ${table.settings.map(({ setting }) => setting).join(", ")}`,
    "reference",
    reference,
  );
}

/** Accuracy over all images of each run. */
export function overallAccuracies(table: RunTable, own: SettingRuns): number[] {
  return own.correct.map((bits) => bits.reduce((a, b) => a + b, 0) / table.numImages);
}

/** For each run of `a`, its place in `b` by seed; `undefined` unless both have the same seeds. */
export function pairing(a: SettingRuns, b: SettingRuns): number[] | undefined {
  if (a.seeds.length !== b.seeds.length) return undefined;
  const order = a.seeds.map((seed) => b.seeds.indexOf(seed));
  return order.includes(-1) ? undefined : order;
}
