import { ArgumentError, checkChoice, checkNumber } from "@lab/core";
import type { GeneratorOptions, Target } from "./options.js";

/** Deviation of the ring in the authors' code: fan-out of a 3×3 convolution with 512 channels. */
const REFERENCE_STD = Math.sqrt(2 / (512 * 9));

/** A target with its place among the generated elements. */
export interface Placed extends Target {
  count: number;
  /** First position. */
  from: number;
  /** Factor of its elements. */
  scale: number;
}

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

function scaleOf(std: number, ringStd: number): number {
  const scale = std / ringStd;
  return Math.abs(scale - 1) < 1e-12 ? 1 : Math.fround(scale);
}

/** Places targets one after the other on a ring of `size`, by name. */
export function placeTargets(
  caller: string,
  targets: readonly Target[],
  size: number,
  ringStd: number,
  options: Pick<GeneratorOptions, "origin" | "stage">,
): Map<string, Placed> {
  const origin = checkChoice(caller, "origin", options.origin ?? "continue", [
    "continue",
    "layer",
    "group",
  ] as const);
  const placed = new Map<string, Placed>();
  let at = 0;
  let group: string | undefined;
  for (const [i, { name, shape, std }] of targets.entries()) {
    if (placed.has(name)) {
      throw new ArgumentError(`${caller}: targets holds ${name} twice; distinct names were expected`, {
        argument: "targets",
        value: name,
      });
    }
    const own = options.stage?.exec(name)?.[1];
    const isFresh = origin === "layer" || (origin === "group" && own !== group);
    if (i > 0 && isFresh) at = Math.ceil(at / size) * size;
    group = own;
    const count = sizeOf(shape);
    placed.set(name, { name, shape: [...shape], std, count, from: at, scale: scaleOf(std, ringStd) });
    at += count;
  }
  return placed;
}

/** The standard deviation of a ring. */
export function ringStdOf(
  caller: string,
  targets: readonly Target[],
  given: "rms" | "reference" | number,
): number {
  if (given === "reference") return REFERENCE_STD;
  if (given !== "rms") return checkNumber(caller, "ringStd", given, { above: 0 });
  const total = targets.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const sum = targets.reduce((s, { shape, std }) => s + sizeOf(shape) * std * std, 0);
  return Math.sqrt(sum / total);
}

/** The three names that are nearest to one that does not exist. */
export function nearestNames(names: Iterable<string>, name: string): string[] {
  return [...names].sort((a, b) => distance(a, name) - distance(b, name)).slice(0, 3);
}

/** Number of single-character edits between two names. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
